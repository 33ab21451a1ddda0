const own = globalThis.__plimsoll;
export const parseHTML = (text) => own.html.parse(text === undefined || text === null ? "" : String(text), "");
export default { parseHTML };
