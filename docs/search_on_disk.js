// Browsers start no worker from a file:// page. Search's worker then runs in a hidden frame of the same page.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      const at = new URL(url, document.baseURI)
      this.frame = document.body.appendChild(document.createElement("iframe"))
      this.frame.hidden = true
      const inside = this.frame.contentWindow
      this.post = (data) => inside.dispatchEvent(new MessageEvent("message", { data }))
      const waiting = []
      this.postMessage = (data) => waiting.push(data)
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }))
      inside.importScripts = (...urls) => urls.reduce((before, one) => before.then(() => load(one)), Promise.resolve())
      const load = (source) => new Promise((done, failed) => {
        const script = inside.document.createElement("script")
        script.onload = done
        script.onerror = failed
        script.src = new URL(source, at)
        inside.document.documentElement.appendChild(script)
      })
      load(at).then(() => {
        this.postMessage = this.post
        waiting.splice(0).forEach(this.post)
      })
    }
    terminate() { this.frame.remove() }
  }
}
