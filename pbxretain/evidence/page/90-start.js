// A file dropped beside the two fields must not replace the page.
for (const name of ["dragover", "drop"]) {
  window.addEventListener(name, (event) => event.preventDefault());
}
const face = new Face(document.getElementById("page"));
/** For scripts and tests: the same examination without the page around it. */
globalThis.pbxretain = Object.freeze({
  examine,
  explain,
  face,
  parseStatement,
  publicKeys,
  readPrint,
  readTrust,
});
face.start();
