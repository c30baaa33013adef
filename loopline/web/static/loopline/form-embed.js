// Put where the form should stand: <script src="https://your-loopline/f/<form>/embed.js" async></script>
// Needs `script-src` and `frame-src` of our host in the page's Content-Security-Policy; sets no style attribute.
(function () {
  "use strict";
  var me = document.currentScript;
  if (!me) return;
  var base = me.src.replace(/\/embed\.js.*$/, "");
  var origin = new URL(base).origin;
  var frame = document.createElement("iframe");
  frame.title = "FORM TITLE";
  frame.src = base + "?framed=1";
  frame.className = "loopline-form";
  frame.width = "100%";
  frame.height = "480";
  frame.setAttribute("frameborder", "0");
  me.parentNode.insertBefore(frame, me.nextSibling);

  function visit() {
    var facts = window.loopline && window.loopline.facts ? window.loopline.facts() : {};
    var said = {
      page: location.href.split("#")[0], referrer: facts.referrer || document.referrer,
      visitor: facts.visitor || "", session: facts.session || ""
    };
    var query = new URL(facts.landing || location.href, location.href).searchParams;
    ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"].forEach(function (name) {
      if (query.get(name)) said[name] = query.get(name);
    });
    return said;
  }

  function send(tries) {
    var said = visit();
    frame.contentWindow.postMessage({ loopline: "visit", visit: said }, origin);
    // The tracker may start after us.
    if (!said.visitor && tries > 0) setTimeout(send, 500, tries - 1);
  }

  addEventListener("message", function (event) {
    var said = event.data;
    if (event.origin !== origin || event.source !== frame.contentWindow || !said || said.loopline !== "form") return;
    if (said.height) frame.height = String(Math.min(said.height, 5000));
    if (said.ready) send(20);
    if (said.done) {
      frame.dispatchEvent(new CustomEvent("loopline:sent", { bubbles: true }));
      if (/^https?:\/\//.test(said.go)) location.assign(said.go);
    }
  });
})();
