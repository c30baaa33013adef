// Loopline's tracker. <script async src="https://HOST/t.js" data-key="KEY" data-consent="2"></script>
// Everything is inside one try: whatever goes wrong here, the page around it does not notice.
(function (w, d) {
  "use strict";
  try {
    var early = w.loopline || [];
    var tag = d.currentScript || d.querySelector("script[data-key][src*='t.js']");
    if (early.facts || !tag) return;

    var n = navigator, loc = w.location, OWN = "OWN_HOSTS";
    var to = tag.src.replace(/t\.js.*$/, "e");
    var key = tag.getAttribute("data-key");
    // Landing facts first: by now a router may have changed the address, so the one navigated to is asked for.
    var nav = (w.performance && performance.getEntriesByType && performance.getEntriesByType("navigation")[0]) || {};
    var firstUrl = nav.name || loc.href, came = d.referrer;
    var optedOut = n.globalPrivacyControl || n.doNotTrack == "1" || w.doNotTrack == "1";
    var mode, visitorId, sitting, user, viewId, queue = [], timer, wait = 0, zone = "";

    // Cookies, on the widest domain that takes them; when they are blocked, memory has to do.
    var memory = {};
    function get(name) {
      return safe(function () {
        var found = ("; " + d.cookie).split("; " + name + "=")[1];
        return found && decodeURIComponent(found.split(";")[0]);
      }) || memory[name];
    }
    function write(name, value, seconds, domain) {
      safe(function () {
        d.cookie = name + "=" + encodeURIComponent(value) + ";path=/;max-age=" + seconds + ";samesite=lax" + domain +
          (loc.protocol == "https:" ? ";secure" : "");
      });
    }
    function set(name, value, seconds) {
      memory[name] = seconds ? value : undefined;
      write(name, value, seconds, zone);
    }
    function findZone() {
      var labels = loc.hostname.split("."), i = labels.length;
      while (--i > 0 && isNaN(labels[labels.length - 1])) {
        zone = ";domain=" + labels.slice(i - 1).join(".");
        write("_llz", "1", 9, zone);
        if (/(^|; )_llz=1/.test(d.cookie)) { write("_llz", "", 0, zone); return; }
      }
      zone = "";
    }
    function random() {
      for (var bytes = crypto.getRandomValues(new Uint8Array(16)), text = "", i = 0; i < 16; i++)
        text += (bytes[i] + 256).toString(16).slice(1);
      return text;
    }

    // What an address says about where a visit came from: campaign values and click ids.
    var WORTH = /^(utm_(source|medium|campaign|content|term)|\w+cl(k|ick)?id|[gw]braid|li_fat_id|epik|rdt_cid|sccid|mc_cid)=./i;
    function worth(link) {
      return ((link.split("#")[0].split("?")[1] || "").split("&")).filter(function (one) { return WORTH.test(one); }).join("&");
    }
    function within(host, other) { return host == other || host.slice(-other.length - 1) == "." + other; }
    function external(link) {
      var host = (link.split("/")[2] || "").split(":")[0].toLowerCase(), here = loc.hostname.replace(/^www\./, "");
      var site = zone.slice(8) || here;
      return host && !within(host, site) && !within(here, host.replace(/^www\./, "")) &&
        !OWN.some(function (one) { return within(host, one); }) ? host : "";
    }

    // A session ends after 30 minutes without an event: its cookie is gone then. A new campaign value, click id or
    // external referrer starts another one.
    function visit(link, from) {
      var known = mode > 1 ? get("_lls") : "", query = worth(link), sign = (query || external(from)).slice(0, 300);
      if (known) sitting = safe(function () { return JSON.parse(known); });
      var isNew = mode > 1 ? !known || !sitting || (sign && sign != sitting.g) : !sitting && (sign || !from);
      if (isNew) {
        sitting = {
          i: mode > 1 ? random() : undefined, g: sign, r: external(from) ? from.slice(0, 300) : "",
          u: link.split(/[?#]/)[0].slice(0, 300) + (query ? "?" + query.slice(0, 700) : "")
        };
      }
      keep();
      return !!isNew;
    }
    function keep() {
      if (mode > 1) {
        set("_ll", visitorId = visitorId || get("_ll") || random(), 34560000);
        if (sitting) set("_lls", JSON.stringify(sitting), 1800);
      }
    }
    function forget() {
      ["_ll", "_lls", "_llu"].forEach(function (name) { set(name, "", 0); });
      visitorId = sitting = user = undefined;
    }

    function add(event, isEntry) {
      if (!mode || d.prerendering) return;
      if (event.type != "engaged") keep();
      event.messageId = random();
      event.timestamp = new Date().toISOString();
      if (mode > 1) { event.anonymousId = visitorId; event.userId = event.userId || user || get("_llu"); }
      event.context = {
        page: { url: loc.href.slice(0, 1000), title: d.title.slice(0, 300), referrer: came.slice(0, 300) },
        view: viewId, consent: mode, webdriver: !!n.webdriver
      };
      if (sitting) event.context.session = { id: sitting.i, url: sitting.u, referrer: sitting.r, entry: !!isEntry };
      queue.push(event);
      if (queue.length > 100) queue.shift();
      timer = timer || setTimeout(send, wait || 50);
    }
    function packed(events) {
      return JSON.stringify({ writeKey: key, sentAt: new Date().toISOString(), batch: events });
    }
    // Sends what waits. What did not arrive is sent again later; its messageId makes it count once.
    function send() {
      var events = queue.splice(0, 20);
      timer = 0;
      if (!events.length) return;
      function again() {
        queue = events.concat(queue);
        wait = Math.min(wait * 2 || 2000, 60000);
        timer = timer || setTimeout(send, wait);
      }
      fetch(to, { method: "POST", body: packed(events), keepalive: true, credentials: "omit" }).then(function (answer) {
        if (answer.status > 499 || answer.status == 429) return again();
        wait = 0;
        if (queue.length) timer = timer || setTimeout(send, 50);
      }, again);
    }
    function sendLast() {
      while (queue.length) {
        var events = queue.splice(0, 20);
        if (!n.sendBeacon || !n.sendBeacon(to, new Blob([packed(events)], { type: "text/plain" }))) { queue = events.concat(queue); return send(); }
      }
    }

    // Engaged time: visible, and used within the last minute. Cumulative per page viewId; the largest counts.
    var spent = 0, told = 0, since = Date.now(), wasVisible = !d.hidden;
    function used() {
      var now = Date.now();
      if (wasVisible) spent += Math.max(0, Math.min(now - since, 60000));
      since = now;
      wasVisible = !d.hidden;
    }
    function tell() {
      used();
      if (viewId && spent - told > 99) { told = spent; add({ type: "engaged", engaged: spent }); }
    }

    var lastUrl;
    function page(properties) {
      var link = loc.href, isFirst = !lastUrl;
      tell();
      spent = told = 0;
      if (!isFirst) came = lastUrl;
      lastUrl = link;
      viewId = random();
      var isEntry = visit(isFirst ? firstUrl : link, came);
      add({ type: "page", properties: typeof properties == "object" ? properties : undefined }, isEntry);
    }
    function moved() {
      // Routers may change the address several times in a row and set the title after that.
      setTimeout(function () { safe(function () { if (lastUrl && lastUrl.split("#")[0] != loc.href.split("#")[0]) page(); }); }, 9);
    }
    function safe(work) { try { return work(); } catch (e) { return undefined; } }

    // Forms marked with data-loopline="name of the form": e-mail, name and company, never anything else.
    var FIELDS = { email: /e-?mail/i, name: /^((first|last|full|your|sur|given|family)[-_ ]?)?name$/i, company: /compan|organi[sz]ation/i };
    function submitted(event) {
      var form = event.target, filled = {};
      if (!form.hasAttribute || !form.hasAttribute("data-loopline")) return;
      [].forEach.call(form.elements, function (one) {
        if (one.name == "visitor_id") one.value = visitorId || "";
        if (one.name == "session_id") one.value = (sitting && sitting.i) || "";
        if (mode < 2 || !one.value || /password|hidden|file|submit|checkbox|radio/.test(one.type)) return;
        var marked = one.getAttribute("data-loopline");
        for (var field in FIELDS)
          if (marked ? marked == field : one.type == field || FIELDS[field].test(one.name))
            filled[field] = ((filled[field] || "") + " " + one.value).trim().slice(0, 200);
      });
      add({ type: "form", name: form.getAttribute("data-loopline") || form.name || form.id || "Form", properties: { fields: filled } });
      sendLast();
    }

    var api = {
      page: page,
      track: function (name, properties) { add({ type: "track", event: String(name), properties: properties }); },
      identify: function (id, traits) {
        if (typeof id == "object") { traits = id; id = undefined; }
        if (mode < 2) return;
        if (id !== undefined) set("_llu", user = String(id), 34560000);
        add({ type: "identify", userId: user, traits: traits });
      },
      consent: function (given) {
        var before = mode;
        mode = Math.max(0, Math.min(optedOut ? 1 : 3, +given || 0));
        if (mode < 2) { if (before > 1) forget(); return; }
        // The page was already counted without an identity: this gives the visit one.
        if (before < 2) { findZone(); if (visit(firstUrl, d.referrer) && lastUrl) add({ type: "track", event: "Consent given" }, 1); }
      },
      reset: function () { forget(); if (mode > 1) visit(loc.href, ""); },
      facts: function () {
        return { visitor: visitorId || "", session: (sitting && sitting.i) || "", landing: sitting ? sitting.u : "", referrer: sitting ? sitting.r : "", page: loc.href, consent: mode };
      },
      push: function (call) { return safe(function () { return api[call[0]].apply(api, [].slice.call(call, 1)); }); }
    };

    api.consent(tag.hasAttribute("data-consent") ? tag.getAttribute("data-consent") : 1);
    w.loopline = {};
    Object.keys(api).forEach(function (name) {
      w.loopline[name] = function () { var given = arguments; return safe(function () { return api[name].apply(api, given); }); };
    });

    ["pushState", "replaceState"].forEach(function (name) {
      var original = history[name];
      history[name] = function () { var result = original.apply(this, arguments); moved(); return result; };
    });
    w.addEventListener("popstate", moved);
    ["scroll", "mousemove", "keydown", "pointerdown"].forEach(function (name) {
      var last = 0;
      w.addEventListener(name, function () { var now = Date.now(); if (now - last > 999) { last = now; safe(used); } }, { passive: true, capture: true });
    });
    d.addEventListener("visibilitychange", function () { safe(function () { if (d.hidden) { tell(); sendLast(); } else used(); }); });
    w.addEventListener("pagehide", function () { safe(function () { tell(); sendLast(); }); });
    w.addEventListener("pageshow", function (event) { if (event.persisted) safe(page); });
    d.addEventListener("submit", function (event) { safe(function () { submitted(event); }); }, true);

    if (tag.getAttribute("data-auto") != "off") safe(page);
    [].forEach.call(early, function (call) { api.push([].slice.call(call)); });
  } catch (e) {
    return;
  }
})(window, document);
