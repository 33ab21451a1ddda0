// Opens a report in headless Chromium over its debugging pipe, zooms, sorts a table, and finds no console error.
// Usage: node browser.mjs CHROMIUM REPORT.html [SCREENSHOT.png WIDTH SCHEME]
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [chromium, report, screenshot, width = "1280", scheme = "light"] = process.argv.slice(2);
const browser = spawn(chromium, ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--hide-scrollbars", "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const [, , , commands, answers] = browser.stdio;

const waiting = new Map(), listeners = [], problems = [];
let number = 0, rest = "";
answers.on("data", (bytes) => {
  const messages = (rest + bytes).split("\0");
  rest = messages.pop();
  for (const message of messages.map((m) => JSON.parse(m))) {
    if (message.id) waiting.get(message.id)?.(message);
    else listeners.forEach((listen) => listen(message));
  }
});
const send = (method, params = {}, sessionId) => new Promise((resolve, reject) => {
  const id = ++number;
  waiting.set(id, (m) => m.error ? reject(new Error(`${method}: ${m.error.message}`)) : resolve(m.result));
  commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
});

const run = async () => {
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const page = (method, params) => send(method, params, sessionId);
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await page("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  listeners.push(({ method, params }) => {
    if (method === "Runtime.exceptionThrown") problems.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === "Runtime.consoleAPICalled" && params.type === "error") problems.push(params.args.map((a) => a.value ?? a.description).join(" "));
    if (method === "Log.entryAdded" && params.entry.level === "error") problems.push(params.entry.text);
    if (method === "Network.requestWillBeSent" && !/^(file|data|blob):/.test(params.request.url)) problems.push(`asks the network for ${params.request.url}`);
  });
  await page("Runtime.enable");
  await page("Log.enable");
  await page("Network.enable");
  await page("Page.enable");
  await page("Emulation.setDeviceMetricsOverride", { width: Number(width), height: 900, deviceScaleFactor: 1, mobile: Number(width) < 500 });
  await page("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  const loaded = new Promise((resolve) => listeners.push(({ method }) => method === "Page.loadEventFired" && resolve()));
  await page("Page.navigate", { url: pathToFileURL(report).href });
  await loaded;
  const expect = async (what, expression) => { if (!(await evaluate(expression))) problems.push(`expected ${what}`); };

  // The page of a suite is text alone.
  const hasCharts = await evaluate(`document.querySelector("script") !== null`);
  if (hasCharts) await expect("the page's script to have run to its end", `document.documentElement.dataset.ready === "yes"`);
  await expect("no sideways scrolling of the page", "document.documentElement.scrollWidth <= innerWidth");
  if (screenshot) {
    const { data } = await page("Page.captureScreenshot", { captureBeyondViewport: true, clip: { ...(await page("Page.getLayoutMetrics")).cssContentSize, scale: 1 } });
    writeFileSync(screenshot, Buffer.from(data, "base64"));
  }

  if (!hasCharts) return;

  // Zoom by dragging across the first chart: all charts over time follow, and the button leads back.
  const box = await evaluate(`(() => { const over = document.querySelector("[data-chart=response] .u-over"); over.scrollIntoView({ block: "center" }); const r = over.getBoundingClientRect(); return { x: r.x, y: r.y, width: r.width, height: r.height }; })()`);
  const mouse = (type, share) => page("Input.dispatchMouseEvent", { type, x: box.x + box.width * share, y: box.y + box.height / 2, button: "left", buttons: type === "mouseReleased" ? 0 : 1, clickCount: 1 });
  const whole = await evaluate("plimsoll.overTime.map((u) => u.scales.x.max - u.scales.x.min)");
  await mouse("mousePressed", 0.25);
  await mouse("mouseMoved", 0.4);
  await mouse("mouseMoved", 0.5);
  await mouse("mouseReleased", 0.5);
  await evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  const zoomed = await evaluate("plimsoll.overTime.map((u) => u.scales.x.max - u.scales.x.min)");
  if (!zoomed.every((span, index) => span < whole[index] / 2)) problems.push(`dragging zoomed to ${zoomed} of ${whole}`);
  await evaluate(`document.querySelector("[data-zoom=all]").click()`);
  await evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  await expect("the button to show the whole run again", `plimsoll.overTime.every((u, i) => u.scales.x.max - u.scales.x.min === ${JSON.stringify(whole)}[i])`);

  // A click on a second shows its worst operations.
  await evaluate(`document.querySelector("[data-chart=response] .u-over").scrollIntoView({ block: "center" })`);
  Object.assign(box, await evaluate(`(() => { const r = document.querySelector("[data-chart=response] .u-over").getBoundingClientRect(); return { x: r.x, y: r.y }; })()`));
  await mouse("mouseMoved", 0.6);
  await mouse("mousePressed", 0.6);
  await mouse("mouseReleased", 0.6);
  await evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  await expect("operations one by one", `document.querySelectorAll("#second tbody tr").length >= 5`);

  // Sort the audits by name, both ways.
  const names = `[...document.querySelectorAll("[data-name=audits] tbody th")].map((c) => c.textContent)`;
  const click = `document.querySelector("[data-name=audits] thead button").click()`;
  await evaluate(click);
  await expect("audits in order", `JSON.stringify(${names}) === JSON.stringify(${names}.sort((a, b) => a.localeCompare(b)))`);
  await evaluate(click);
  await expect("audits in opposite order", `JSON.stringify(${names}) === JSON.stringify(${names}.sort((a, b) => b.localeCompare(a)))`);
};

try {
  await run();
} catch (error) {
  problems.push(error.message);
}
browser.kill();
problems.forEach((problem) => console.error(problem));
process.exit(problems.length ? 1 : 0);
