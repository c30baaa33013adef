// Inside the frame of another page: tell it our height, take what it knows about the visit, say when we are done.
(() => {
  const tell = (message) => window.parent.postMessage({ loopline: "form", ...message }, "*");
  const box = document.querySelector(".public-box");
  const measure = () => tell({ height: Math.ceil(box.getBoundingClientRect().height) + 4 });
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.data?.loopline !== "visit") return;
    for (const [name, value] of Object.entries(event.data.visit)) {
      const field = document.querySelector(`input[type="hidden"][name="ll_${CSS.escape(name)}"]`);
      if (field && name !== "token" && !field.value) field.value = String(value).slice(0, 2000);
    }
  });
  new ResizeObserver(measure).observe(box);
  measure();
  const done = document.querySelector(".public-done");
  tell(done ? { done: true, go: done.dataset.go || "" } : { ready: true });
})();
