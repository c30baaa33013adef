/* What is wrong with the page as it looks now: [[rule, help, element, summary], …], and what was learned of its texts.

   Contrast is three quarters of what axe does on a page, and most text stands there often: rows of a table, the
   navigation of every page. Text of the same colour, size and weight, in elements of the same names and classes that have
   the same backgrounds and opacity, looks the same, and is measured once; what `passed` before is not measured again. Text
   that is `odd`, which failed or of which axe cannot tell, proves nothing for others that look like it: all are measured. */
async ({passed, odd}) => {
  if (!("axe" in window)) return null;
  const CONTRAST = "color-contrast";

  const hash = (parts) => {
    const text = parts.join("|");
    let a = 0xdeadbeef, b = 0x41c6ce57;
    for (let i = 0; i < text.length; i++) {
      a = Math.imul(a ^ text.charCodeAt(i), 2654435761);
      b = Math.imul(b ^ text.charCodeAt(i), 1597334677);
    }
    return (a >>> 0).toString(36) + (b >>> 0).toString(36);
  };

  const known = new Map([[null, ""]]);
  const behind = (one) => {
    if (!known.has(one)) {
      const s = getComputedStyle(one);
      known.set(one, hash([behind(one.parentElement), one.tagName, one.getAttribute("class"), s.backgroundColor,
        s.backgroundImage, s.opacity, s.position, s.zIndex, s.filter, s.backdropFilter, s.mixBlendMode]));
    }
    return known.get(one);
  };
  const lookOf = (one) => {
    const s = getComputedStyle(one);
    return hash([behind(one), s.color, s.fontSize, s.fontWeight, s.textShadow, s.webkitTextFillColor, s.webkitTextStroke]);
  };

  const texts = () => {
    const found = new Set(document.querySelectorAll("input, select, textarea"));
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (walker.currentNode.data.trim()) found.add(walker.currentNode.parentElement);
    return [...found].filter((one) => one.checkVisibility({visibilityProperty: true}));
  };

  const told = (found) => found.violations.flatMap((one) =>
    one.nodes.map((node) => [one.id, one.help, node.html, node.failureSummary || ""]));

  const contrast = async () => {
    const looks = new Map();
    const have = {passed: new Set(passed), odd: new Set(odd)};
    for (const one of texts()) {
      const look = lookOf(one);
      if (!have.passed.has(look)) looks.set(look, [...(looks.get(look) || []), one]);
    }
    const violations = [];
    const measure = async (asked) => {
      const all = [...asked.values()].flat();
      if (!all.length) return;
      const found = await axe.run({include: all}, {runOnly: [CONTRAST], elementRef: true});
      const fine = new Set(found.passes.flatMap((rule) => rule.nodes.map((node) => node.element)));
      for (const [look, elements] of asked) have[elements.every((one) => fine.has(one)) ? "passed" : "odd"].add(look);
      violations.push(...told(found));
    };
    const isOdd = (look) => have.odd.has(look);
    await measure(new Map([...looks].map(([look, all]) => [look, isOdd(look) ? all : all.slice(0, 1)])));
    const rest = [...looks].filter(([look, all]) => isOdd(look) && !odd.includes(look) && all.length > 1);
    await measure(new Map(rest.map(([look, all]) => [look, all.slice(1)])));
    return {violations, passed: [...have.passed].filter((look) => !have.odd.has(look)), odd: [...have.odd]};
  };

  const others = await axe.run({resultTypes: ["violations"], rules: {[CONTRAST]: {enabled: false}}});
  const seen = await contrast();
  return {...seen, violations: [...told(others), ...seen.violations]};
}
