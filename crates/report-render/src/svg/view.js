// Click zooms, a click on the root goes back; Ctrl-F or the word in the corner searches. Works where scripts may run.
(function () {
  'use strict';
  var svg = document.documentElement, boxes = [].slice.call(document.querySelectorAll('g.f'));
  var left = Number(svg.dataset.left), room = Number(svg.dataset.room), letter = 7.2, found = document.getElementById('found');
  boxes.forEach(function (box) {
    var rect = box.querySelector('rect');
    box.at = { x: Number(rect.getAttribute('x')), width: Number(box.dataset.w), y: Number(rect.getAttribute('y')) };
  });
  function label(box, width) {
    var text = box.querySelector('text'), sign = box.dataset.s || '', letters = Math.floor((width - 6) / letter) - sign.length, names = box.dataset.n.split('\t');
    var name = names.find(function (one) { return one.length <= letters; });
    if (name === undefined) { var own = names[names.length - 1]; name = letters < 3 ? '' : own.slice(0, letters - 1) + '…'; }
    if (!text) {
      if (name === '') return;
      text = document.createElementNS('http://www.w3.org/2000/svg', 'text');
      text.setAttribute('y', box.at.y + Number(svg.dataset.base));
      box.appendChild(text);
    }
    text.textContent = name === '' ? '' : sign + name;
  }
  function zoom(to) {
    var from = to.at.x, scale = room / to.at.width, edge = 1e-3, isDown = svg.dataset.down === '1';
    boxes.forEach(function (box) {
      var isOn = box.at.x + box.at.width > from + edge && box.at.x < from + to.at.width - edge;
      var isAbove = isDown ? box.at.y < to.at.y : box.at.y > to.at.y;
      box.style.display = isOn ? '' : 'none';
      box.style.opacity = isOn && isAbove ? '.6' : '';
      if (!isOn) return;
      var x = Math.max(left, left + (box.at.x - from) * scale), end = Math.min(left + room, left + (box.at.x + box.at.width - from) * scale);
      var rect = box.querySelector('rect'), width = end - x;
      rect.setAttribute('x', x);
      rect.setAttribute('width', Math.max(0.3, width > 2 ? width - 0.5 : width));
      label(box, width);
      var text = box.querySelector('text');
      if (text) text.setAttribute('x', x + 3);
    });
  }
  function search() {
    var wanted = window.prompt('Search functions, as text or as a regular expression', '');
    if (wanted === null) return;
    var regex = null, sum = 0, ends = [];
    try { regex = new RegExp(wanted, 'i'); } catch (error) { regex = null; }
    boxes.forEach(function (box) {
      var name = box.dataset.n.split('\t')[0];
      var is = wanted !== '' && (name.toLowerCase().indexOf(wanted.toLowerCase()) >= 0 || regex !== null && regex.test(name));
      box.classList.toggle('hit', is);
      if (is) ends.push(box.at);
    });
    ends.sort(function (a, b) { return a.x - b.x || b.width - a.width; });
    var end = -1;
    ends.forEach(function (one) { var to = one.x + one.width; if (to > end + 1e-3) { sum += to - Math.max(end, one.x); end = to; } });
    found.textContent = wanted === '' ? 'search' : 'matched ' + (sum / room * 100).toFixed(1) + ' %';
  }
  svg.addEventListener('click', function (event) {
    var box = event.target.closest && event.target.closest('g.f');
    if (event.target === found) search(); else if (box) zoom(box);
  });
  window.addEventListener('keydown', function (event) {
    if (event.key === 'Escape') zoom(boxes[0]);
    if ((event.ctrlKey || event.metaKey) && event.key === 'f') { event.preventDefault(); search(); }
  });
  if (found) found.style.display = '';
})();
