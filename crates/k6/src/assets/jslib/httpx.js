// A session with a base address, headers and tags of its own.
import http from "k6/http";

export class Httpx {
  constructor({ baseURL = "", headers = {}, tags = {}, timeout } = {}) {
    Object.assign(this, { baseURL, headers, tags, timeout });
  }
  setBaseUrl(url) { this.baseURL = url; }
  addHeader(name, value) { this.headers[name] = value; }
  addHeaders(headers) { Object.assign(this.headers, headers); }
  clearHeader(name) { delete this.headers[name]; }
  addTag(name, value) { this.tags[name] = value; }
  addTags(tags) { Object.assign(this.tags, tags); }
  clearTag(name) { delete this.tags[name]; }
  #params(params = {}) {
    return { ...params, headers: { ...this.headers, ...params.headers }, tags: { ...this.tags, ...params.tags }, ...(this.timeout === undefined ? {} : { timeout: params.timeout ?? this.timeout }) };
  }
  #at(path) { return /^https?:/.test(path) ? path : this.baseURL + path; }
  request(method, path, body, params) { return http.request(method, this.#at(path), body, this.#params(params)); }
  asyncRequest(method, path, body, params) { return http.asyncRequest(method, this.#at(path), body, this.#params(params)); }
  get(path, body, params) { return this.request("GET", path, null, params ?? body); }
  head(path, body, params) { return this.request("HEAD", path, null, params ?? body); }
  post(path, body, params) { return this.request("POST", path, body, params); }
  put(path, body, params) { return this.request("PUT", path, body, params); }
  patch(path, body, params) { return this.request("PATCH", path, body, params); }
  delete(path, body, params) { return this.request("DELETE", path, body, params); }
  options(path, body, params) { return this.request("OPTIONS", path, body, params); }
  batch(requests, params) { return requests.map((r) => this.request(r.method ?? "GET", r.path ?? r.url, r.body, { ...params, ...r.params })); }
}
export const Get = (path, body, params) => ({ method: "GET", path, body, params });
export const Post = (path, body, params) => ({ method: "POST", path, body, params });
export const Put = (path, body, params) => ({ method: "PUT", path, body, params });
export const Patch = (path, body, params) => ({ method: "PATCH", path, body, params });
export const Delete = (path, body, params) => ({ method: "DELETE", path, body, params });
export default { Httpx, Get, Post, Put, Patch, Delete };
