const own = globalThis.__plimsoll;
export const randomIntBetween = (min, max) => Math.floor(Math.random() * (max - min + 1) + min);
export const randomItem = (list) => list[Math.floor(Math.random() * list.length)];
export const randomString = (length, charset = "abcdefghijklmnopqrstuvwxyz") => Array.from({ length }, () => charset[Math.floor(Math.random() * charset.length)]).join("");
export const uuidv4 = () => "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (c) => { const r = Math.floor(Math.random() * 16); return (c === "x" ? r : (r & 3) | 8).toString(16); });
export const normalDistributionStages = (vus, seconds, count = 15) => {
  const at = (x, mean, deviation) => Math.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * Math.sqrt(2 * Math.PI));
  const points = Array.from({ length: count + 2 }, (_, i) => at((i - (count + 1) / 2) * (6 / (count + 1)), 0, 1));
  const top = Math.max(...points);
  const stages = points.map((p) => ({ duration: `${Math.ceil(seconds / points.length)}s`, target: Math.ceil((vus * p) / top) }));
  stages.push({ duration: `${Math.ceil(seconds / points.length)}s`, target: 0 });
  return stages;
};
export const findBetween = (content, left, right, repeat = false) => {
  const found = [];
  let at = 0;
  for (;;) {
    const begin = content.indexOf(left, at);
    if (begin < 0) break;
    const end = content.indexOf(right, begin + left.length);
    if (end < 0) break;
    found.push(content.slice(begin + left.length, end));
    if (!repeat) return found[0];
    at = end + right.length;
  }
  return repeat ? found : null;
};
