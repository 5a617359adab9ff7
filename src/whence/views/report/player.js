// While a clip plays, a line runs over its picture; a click on the picture plays from there. The page works without.
for (const clip of document.querySelectorAll("article.clip")) {
  const audio = clip.querySelector("audio"), cursor = clip.querySelector(".cursor"), svg = cursor && cursor.ownerSVGElement;
  if (!audio || !svg) continue;
  const left = +svg.dataset.left, right = +svg.dataset.right, seconds = +svg.dataset.seconds;
  const show = () => {
    const x = left + (right - left) * Math.min(1, audio.currentTime / seconds);
    cursor.setAttribute("x1", x); cursor.setAttribute("x2", x); cursor.classList.add("on");
    if (!audio.paused) requestAnimationFrame(show);
  };
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    show();
  });
  audio.addEventListener("seeked", show);
  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    const start = Math.max(0, Math.min(1, (x - left) / (right - left))) * seconds;
    const go = () => { audio.currentTime = start; audio.play(); };
    if (audio.readyState > 0) go(); else { audio.addEventListener("loadedmetadata", go, {once: true}); audio.load(); }
  });
}
