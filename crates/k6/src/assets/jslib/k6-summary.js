const own = globalThis.__plimsoll;
export const textSummary = (data, options = {}) => own.textSummary(JSON.stringify(data), String(options.indent ?? ""), options.enableColors === true);
export const humanizeValue = (value, metric, unit) => own.humanize(Number(value), metric.type, metric.contains, unit ?? "");
const escape = (text) => String(text).replace(/[<>&"']/g, (c) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;", "'": "&apos;" })[c]);
export const jUnit = (data, options = {}) => {
  const cases = [];
  let failures = 0;
  for (const [name, metric] of Object.entries(data.metrics)) {
    for (const [threshold, { ok }] of Object.entries(metric.thresholds ?? {})) {
      if (!ok) failures++;
      cases.push(`<testcase name="${escape(name)} - ${escape(threshold)}" classname="${escape(options.classname ?? "Unnamed folder")}">${ok ? "" : '<failure message="failed" />'}</testcase>`);
    }
  }
  const name = escape(options.name ?? "k6 thresholds");
  return `<?xml version="1.0"?>\n<testsuites tests="${cases.length}" failures="${failures}">\n<testsuite name="${name}" tests="${cases.length}" failures="${failures}">\n${cases.join("\n")}\n</testsuite>\n</testsuites>`;
};
