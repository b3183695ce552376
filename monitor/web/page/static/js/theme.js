// Runs before anything is painted (a plain script in the head): the theme that was chosen here, else the system's.
(function () {
  "use strict";
  try {
    const chosen = localStorage.getItem("tm-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // No storage: the system's theme it is.
  }
})();
