export default globalThis.__plimsoll.httpExports;
