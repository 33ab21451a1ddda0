// The engine makes an object with known names faster than the native side does.
globalThis.__plimsoll.timed = (duration, blocked, looking_up, connecting, tls_handshaking, sending, waiting, receiving) => ({ duration, blocked, looking_up, connecting, tls_handshaking, sending, waiting, receiving });
