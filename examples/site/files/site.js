// The switch at the foot: whoever does not want to be counted says so, and it is remembered.
(() => {
  const button = document.querySelector("[data-consent-switch]");
  const words = document.querySelector("[data-consent-words]");
  const isOff = () => { try { return localStorage.getItem("count") === "no"; } catch { return false; } };
  const remember = (value) => { try { localStorage.setItem("count", value); } catch { return; } };
  const apply = () => {
    window.loopline = window.loopline || [];
    const mode = isOff() ? 0 : 2;
    if (window.loopline.consent) window.loopline.consent(mode);
    else window.loopline.push(["consent", mode]);
    words.textContent = isOff() ? "Your visits to this site are not counted." : "Visits to this site are counted.";
    button.textContent = isOff() ? "Count mine again" : "Stop counting mine";
  };
  button.addEventListener("click", () => { remember(isOff() ? "yes" : "no"); apply(); });
  apply();
})();
