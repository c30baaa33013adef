// Loopline's tracker. <script async src="https://HOST/t.js" data-key="KEY" data-consent="2"></script>
// Whatever goes wrong in here, the page around it does not notice: everything runs inside `safe`.
((w, d) => {
  let safe = work => { try { return work(); } catch {} };
  let on = (target, names, work) => names.split(" ").forEach(name =>
    target.addEventListener(name, event => safe(() => work(event)), true));
  let tag = d.currentScript;
  let n = navigator;
  let loc = w.location;

  let start = () => {
    let early = w.loopline || [];
    if (early.facts) return;
    let said = tag.dataset;
    let to = tag.src.replace(/t\.js.*$/, "e");
    // Landing facts first: by now a router may have changed the address, so the one navigated to is asked for.
    let firstUrl = safe(() => performance.getEntriesByType("navigation")[0].name) || loc.href;
    let came = d.referrer;
    let queue = [];
    let wait = 0;
    let zone = "";
    let mode = 0;
    let visitorId, sitting, viewId, timer, held, landedAt, lastUrl;
    let now = () => new Date().toISOString();

    // Cookies, on the widest domain that takes them; when they are blocked, memory has to do.
    let memory = {};
    let get = name => safe(() => unescape(d.cookie.match("\\b" + name + "=([^;]*)")[1])) || memory[name];
    let set = (name, value, seconds) => {
      memory[name] = value;
      safe(() => {
        d.cookie = name + "=" + escape(value) + ";path=/;max-age=" + seconds + ";samesite=lax" + zone +
          (/s:/.test(loc.protocol) ? ";secure" : "");
      });
    };
    let findZone = () => {
      let labels = loc.hostname.split(".");
      for (let i = labels.length; i--;) {
        zone = ";domain=" + labels.slice(i).join(".");
        set("_llz", 1, 9);
        if (safe(() => /_llz/.test(d.cookie))) return set("_llz", "", 0);
      }
      zone = "";
    };
    let random = () => [...crypto.getRandomValues(new Uint8Array(16))].map(one => (one + 256).toString(16).slice(1)).join("");

    // What an address says about where a visit came from: campaign values and click ids.
    let worth = link => (link.split("#")[0].split("?")[1] || "").split("&").filter(one =>
      /^(utm_\w+|\w+c(lk?|lick)?id|[gw]braid|li_fat_id|epik)=./i.test(one)).join("&");
    let bare = link => link.split(/[?#]/)[0].slice(0, 300);
    let within = (host, other) => ("." + host).endsWith("." + other);
    let isOwn = host => "OWN_HOSTS".some(one => within(host, one));
    let isHere = host => within(host, zone.slice(8) || loc.hostname.replace(/^www\./, ""));
    // The host an address leads to, if that is another site. Pay and sign-in pages are known to the server.
    let external = link => {
      let host = safe(() => new URL(link).hostname);
      return host && !isHere(host) && !isOwn(host) && !within(loc.hostname, host.replace(/^www\./, "")) ? host : "";
    };

    // A session ends after 30 minutes without an event. A new campaign value, click id or external referrer starts
    // another one. Its cookie is read again each time: other tabs share it.
    let alive = () => safe(() => {
      let known = JSON.parse(get("_lls"));
      return Date.now() - known.t < 18e5 && known;
    });
    let visit = (link, from) => {
      let known = mode > 1 ? alive() : sitting;
      let query = worth(link).slice(0, 500);
      let host = external(from);
      let sign = query || host;
      let isNew = known ? mode > 1 && sign && sign != known.sign : mode > 1 || sign || !from;
      sitting = isNew ? {
        id: mode > 1 ? random() : null, sign: sign, referrer: host && from.slice(0, 300),
        url: bare(link) + (query && "?" + query)
      } : known;
      keep();
      return isNew;
    };
    let keep = () => {
      if (mode > 1) {
        set("_ll", visitorId ||= get("_ll") || random(), 3456e4);
        if (sitting) { sitting.t = Date.now(); set("_lls", JSON.stringify(sitting), 1800); }
      }
    };
    let forget = () => {
      ["_ll", "_lls", "_llu"].forEach(name => set(name, "", 0));
      visitorId = sitting = null;
    };

    let add = (event, isEntry) => {
      event.messageId = random();
      event.timestamp ||= now();
      event.context = {
        page: { url: loc.href.slice(0, 1000), title: d.title, referrer: came.slice(0, 300) },
        view: viewId, webdriver: n.webdriver
      };
      // Without any consent the landing is held here; it goes out, with its own time, when consent is given.
      if (mode) put(event, isEntry);
      else if (event.type == "page") held ||= event;
    };
    let put = (event, isEntry) => {
      // Consent was withdrawn in another tab, or the visitor removed the cookies: both mean the same.
      if (zone && visitorId && !/_ll=/.test(d.cookie)) { forget(); mode = 0; return; }
      if (mode > 1) {
        let live = alive();
        if (live) sitting = live;
        else if (!event.engaged) isEntry = sitting ? visit(loc.href, "") : visit(firstUrl, came);
        // Numbers without a gap: the server sees from them what was lost on the way.
        sitting.number = -~sitting.number;
        if (live || !event.engaged) keep();
        event.anonymousId = visitorId;
        event.userId = get("_llu");
      }
      event.context.consent = mode;
      event.context.session = sitting && { ...sitting, entry: !!isEntry };
      queue.push(event);
      if (queue.length > 100) queue.shift();
      later();
    };
    let later = () => { if (queue.length) timer ||= setTimeout(() => safe(send), wait || 50); };
    // Sends what waits. What did not arrive is sent again later; its messageId makes it count once.
    let send = () => {
      let events = queue.splice(0, 20);
      timer = 0;
      let again = () => {
        queue = events.concat(queue);
        wait = Math.min(wait * 2 || 2000, 6e4);
        if (d.hidden) stash();
        later();
      };
      if (events.length) fetch(to, {
        method: "POST", keepalive: !wait, body: JSON.stringify({ writeKey: said.key, sentAt: now(), batch: events })
      }).then(answer => {
        if (answer.status > 428) return again();
        wait = 0;
        later();
        return answer.json();
      }, again).then(told => {
        // The site's own server may remember this browser longer than a script can.
        if (mode > 1 && told.visitor) { visitorId = told.visitor; keep(); }
      }).catch(() => {});
    };
    // When the page goes, what cannot be sent waits in the browser for the next page.
    let stash = () => {
      if (mode > 1) safe(() => {
        localStorage._llq = JSON.stringify(JSON.parse(localStorage._llq || "[]").concat(queue).slice(-100));
        queue = [];
      });
    };
    let unstash = () => {
      if (mode > 1) safe(() => {
        queue = JSON.parse(localStorage._llq).concat(queue);
        delete localStorage._llq;
        later();
      });
    };
    let flush = () => { while (queue.length) send(); };

    // Engaged time: visible, and used within the last minute. It and the scroll depth are told at growing steps and
    // on leaving, as totals of the page view; the largest counts.
    let spent = 0;
    let told = 0;
    let depth = 0;
    let since = Date.now();
    let wasVisible = !d.hidden;
    let used = () => {
      if (wasVisible) spent += Math.min(Date.now() - since, 6e4);
      since = Date.now();
      wasVisible = !d.hidden;
      depth = Math.max(depth, Math.min(100, 1 + (scrollY + innerHeight) * 100 / d.documentElement.scrollHeight) | 0);
    };
    let tell = () => {
      used();
      if (viewId && spent - told > 99) { told = spent; add({ type: "engaged", engaged: spent, scroll: depth }); }
    };

    let page = properties => {
      let link = lastUrl ? loc.href : firstUrl;
      tell();
      spent = told = depth = 0;
      if (lastUrl) came = lastUrl;
      lastUrl = loc.href;
      landedAt ||= now();
      viewId = random();
      add({ type: "page", properties: properties }, visit(link, came));
    };
    // Routers may change the address several times in a row and set the title after that.
    let place = link => said.hash == null ? link.split("#")[0] : link;
    let moved = () => { setTimeout(() => safe(() => { if (lastUrl && place(lastUrl) != place(loc.href)) page(); }), 9); };

    // Forms marked with data-loopline="name of the form": e-mail, name and company, never anything else.
    let FIELDS = { email: /e-?mail/i, name: /^((first|last|full|your|sur|given|family)[-_ ]?)?name$/i, company: /compan|organi/i };
    let submitted = event => {
      let form = event.target;
      let filled = {};
      if (form.dataset.loopline == null) return;
      [...form.elements].forEach(one => {
        if (one.name == "visitor_id") one.value = visitorId || "";
        if (one.name == "session_id") one.value = sitting?.id || "";
        if (mode < 2 || !one.value || !/^text|email/.test(one.type)) return;
        let marked = one.dataset.loopline;
        for (let field in FIELDS)
          if (marked ? marked == field : one.type == field || FIELDS[field].test(one.name))
            filled[field] = ((filled[field] || "") + " " + one.value).trim().slice(0, 200);
      });
      add({ type: "form", name: form.dataset.loopline || "Form", properties: { fields: filled } });
      flush();
    };
    // Links: who goes to another site or takes a file is told; who goes on to another own site takes along who they
    // are, in a token that is good for two minutes and asked for before the click, so that nobody waits.
    let linked = event => {
      let link = event.target.closest("a[href]");
      if (!link || event.button > 1) return;
      if (event.type > "d") {
        if (mode > 1 && isOwn(link.hostname) && !isHere(link.hostname))
          fetch(to + "?hand=" + visitorId).then(answer => answer.text()).then(token => {
            link.search = link.search.replace(/&_ll=.*|$/, "&_ll=" + token);
          }).catch(() => {});
      } else if (external(link.href) || link.attributes.download || /\.(pdf|zip|csv|docx?|xlsx?|pptx?|exe|dmg|mp[34])$/i.test(link.pathname)) {
        add({ type: "link", properties: { url: bare(link.href) } });
        flush();
      }
    };

    let api = {
      page: page,
      track: (name, properties) => add({ type: "track", event: name, properties: properties }),
      identify: (id, traits) => {
        if (mode < 2) return;
        if (Object(id) === id) traits = id;
        else if (id) set("_llu", id, 3456e4);
        add({ type: "identify", traits: traits });
      },
      consent: given => {
        let before = mode;
        let next = Math.min(n.globalPrivacyControl || n.doNotTrack == 1 ? 1 : 3, +given || 0);
        let isNew = before < 2 && next > 1;
        let isEntry = next;
        // Said again on a later page, it is not news.
        let isFirst = !get("_ll");
        if (before > 1 && next < 2) {
          add({ type: "track", event: "Consent withdrawn" });
          forget();
          safe(() => delete localStorage._llq);
        }
        mode = next;
        if (isNew) {
          findZone();
          unstash();
          // The page was already counted without an identity: this gives the visit one.
          if (lastUrl && (isEntry = visit(firstUrl, d.referrer)) && !held) add({ type: "track", event: "Visit began", timestamp: landedAt }, 1);
        }
        if (mode && held) { put(held, isEntry); held = 0; }
        if (lastUrl && isNew && isFirst) add({ type: "track", event: "Consent given" });
      },
      reset: () => { forget(); add({ type: "reset" }); },
      facts: () => ({ visitor: visitorId || "", session: sitting?.id || "", landing: sitting?.url || "", referrer: sitting?.referrer || "", page: loc.href, consent: mode }),
      push: call => api[call[0]](...[...call].slice(1))
    };

    api.consent(said.consent || 1);
    w.loopline = {};
    for (let name in api) w.loopline[name] = (...given) => safe(() => api[name](...given));

    ["pushState", "replaceState"].forEach(name => {
      let original = history[name];
      history[name] = function (...given) { moved(); return original.apply(this, given); };
    });
    on(w, "popstate", moved);
    on(w, "scroll mousemove keydown pointerdown", () => { if (Date.now() - since > 999) { used(); if (spent > (told * 2 || 1e4)) tell(); } });
    on(w, "pagehide visibilitychange", event => {
      if (d.hidden || event.type < "v") {
        tell();
        if (wait || !n.onLine) stash();
        flush();
      } else { used(); unstash(); }
    });
    on(w, "pageshow", event => { if (event.persisted) page(); });
    on(d, "submit", submitted);
    on(d, "click auxclick pointerenter focusin", linked);

    if (said.auto != "off") page();
    [...early].forEach(w.loopline.push);
  };

  // A page that is only being prepared was not visited yet.
  if (d.prerendering) on(d, "prerenderingchange", start);
  else safe(start);
})(window, document);
