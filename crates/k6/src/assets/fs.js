const own = globalThis.__plimsoll;

export const SeekMode = { Start: 0, Current: 1, End: 2 };

const failure = (name, message) => Object.defineProperty({ name, message, error: message }, "toString", { value: () => `${name}: ${message}` });
const nothing = (value) => value === undefined || value === null;

// A file that was read once for all users; every open() has a position of its own.
class File {
  #size;
  #at = 0;
  constructor(path, size) {
    this.path = path;
    this.#size = size;
    const [name] = path.split("/").slice(-1);
    this.stat = async () => ({ name, size: this.#size });
    this.read = async (into) => {
      if (nothing(into)) throw failure("TypeError", "read() failed; reason: into argument cannot be null or undefined");
      if (!(into instanceof Uint8Array)) throw failure("TypeError", "read() failed; reason: into argument must be a Uint8Array");
      const whole = new Uint8Array(into.buffer), count = Math.min(whole.byteLength, this.#size - this.#at);
      if (this.#at >= this.#size) return null;
      whole.set(new Uint8Array(own.fileSlice(path, this.#at, count)));
      this.#at += count;
      return count;
    };
    this.seek = async (offset, whence) => {
      if (nothing(offset)) throw failure("TypeError", "seek() failed; reason: the offset argument cannot be null or undefined");
      if (!Number.isInteger(offset)) throw failure("TypeError", "seek() failed; reason: the offset argument must be a number");
      if (nothing(whence)) throw failure("TypeError", "seek() failed; reason: the whence argument cannot be null or undefined");
      if (typeof whence !== "number") throw failure("TypeError", "seek() failed; reason: the whence argument must be a number");
      if (![0, 1, 2].includes(whence)) throw failure("TypeError", "seek() failed; reason: the whence argument must be a SeekMode");
      if (whence === SeekMode.Start && offset < 0) throw failure("TypeError", "offset cannot be negative when using SeekModeStart");
      if (whence === SeekMode.End && offset > 0) throw failure("TypeError", "offset cannot be positive when using SeekModeEnd");
      // From the end means from the last byte.
      const at = [0, this.#at, this.#size - 1][whence] + offset;
      if (at < 0) throw failure("TypeError", "seeking before start of file");
      if (at > this.#size) throw failure("TypeError", "seeking beyond end of file");
      this.#at = at;
      return at;
    };
  }
  // For k6/experimental/csv, which reads to the end.
  static take(file) {
    const at = file.#at;
    file.#at = file.#size;
    return at;
  }
}
own.takeFile = (file) => file instanceof File ? [file.path, File.take(file)] : undefined;

export async function open(path) {
  if (nothing(path)) throw failure("TypeError", "open() failed; reason: path cannot be null or undefined");
  if (path === "") throw failure("TypeError", "open() failed; reason: path cannot be empty");
  if (own.stage() !== "init") throw failure("ForbiddenError", "open() failed; reason: opening a file is allowed only in the Init context");
  const [whole, size, problem] = own.openFile(String(path));
  if (problem === "directory") throw failure("InvalidResourceError", `cannot open "${whole}": opening a directory is not supported`);
  if (problem) throw failure("NotFoundError", `no such file or directory "${whole}"`);
  return new File(whole, size);
}

export default { open, SeekMode };
