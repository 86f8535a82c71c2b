extension PageScript {
    /// Makes elements: pictures, tables, findings.
    static let parts = #"""

        function element(name, attributes, ...children) {
          const node = document.createElement(name);
          for (const [key, value] of Object.entries(attributes ?? {})) node.setAttribute(key, value);
          node.append(...children.filter(child => child !== null && child !== undefined));
          return node;
        }

        function drawn(name, attributes, content) {
          const node = document.createElementNS('http://www.w3.org/2000/svg', name);
          for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
          if (content !== undefined) node.textContent = content;
          return node;
        }

        const counted = (number, noun) => number.toLocaleString('en') + ' ' + noun + (number === 1 ? '' : 's');

        // Curves and level lines take turns, as `explain -o svg` draws them.
        function path(points) {
          let d = 'M' + points[0] + ' ' + points[1];
          for (let i = 2; i < points.length; i += 2) {
            const [x0, y0, x, y] = points.slice(i - 2, i + 2);
            const middle = Math.floor((x0 + x) / 2);
            d += i % 4 === 0 || y0 === y ? 'H' + x : `C${middle} ${y0} ${middle} ${y} ${x} ${y}`;
          }
          return d;
        }

        const legendBox = kind => {
          const svg = drawn('svg', { width: 18, height: 14, viewBox: '-2 -1 18 14', 'aria-hidden': 'true' });
          svg.append(drawn('rect', { width: 14, height: 12, rx: 3, class: KINDS[kind] }));
          return svg;
        };

        // The picture of a Service port, and what its colours and arrows mean.
        function picture([part, lengths], words, title) {
          const [[boxes, arrows, legend], own] = opened(part, words);
          let at = 0;
          const next = number => lengths.slice(at, at += number);
          const [width, height] = next(2);
          const svg = drawn('svg', {
            // What is a little too wide for a screen is made smaller; what is wider is scrolled.
            class: width <= 1600 ? 'shrinks' : '', width: width + 8, height: height + 8, viewBox: `-4 -4 ${width + 8} ${height + 8}`, role: 'img', 'aria-label': title,
          });
          const marker = drawn('marker', {
            id: 'tip', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto',
          });
          marker.append(drawn('path', { d: 'M0 0 L8 4 L0 8 z', class: 'tip' }));
          svg.append(marker);
          const places = boxes.map(() => next(4));
          const paths = arrows.map(([count]) => next(2 * count));
          for (const points of paths) {
            if (points.length) svg.append(drawn('path', { d: path(points), class: 'arrow', 'marker-end': 'url(#tip)' }));
          }
          boxes.forEach(([kind, title, lines], index) => {
            const [x, y, w, h] = places[index];
            const style = KINDS[kind >> 1] + (kind & 1 ? ' target' : '');
            svg.append(drawn('rect', { x, y, width: w, height: h, rx: 7, class: style }));
            let top = y + 4;
            for (const [style, texts] of [['name', title], ['line', lines]]) {
              for (const line of texts) {
                top += 16;
                svg.append(drawn('text', { x: x + 12, y: top, class: style }, text(line, own)));
              }
            }
          });
          arrows.forEach(([, labels], arrow) => {
            const points = paths[arrow];
            labels.forEach((label, index) => {
              const y = points[points.length - 1] - 5 - (labels.length - 1 - index) * 15;
              svg.append(drawn('text', { x: points[points.length - 4] + 2, y, class: 'label' }, text(label, own)));
            });
          });
          return [element('div', { class: 'scroll', tabindex: 0 }, svg), element('p', { class: 'legend' },
            ...legend.map(([kind, word]) => element('span', {}, legendBox(kind), text(word, own))),
            element('span', {}, '→ next step of a packet, with its share or condition'))];
        }

        // A table; on narrow screens each cell stands in a line of its own with its heading.
        function table(heads, rows) {
          const body = element('tbody', {});
          for (const row of rows) {
            body.append(element('tr', {}, ...row.map((cell, index) =>
              element('td', heads[index] && cell !== '' ? { 'data-head': heads[index] } : {}, cell))));
          }
          const head = element('tr', {}, ...heads.map(head => element('th', { scope: 'col' }, head)));
          return element('table', {}, element('thead', {}, head), body);
        }

        // `2 warnings`; information is not counted in a plural.
        const countedBy = (number, severity) => severity === 'info' ? number + ' info' : counted(number, severity);
        const badge = (severity, words) => element('span', { class: 'badge ' + severity }, words);

        function counts(list) {
          const span = element('span', {});
          for (const severity of SEVERITIES) {
            const number = list.filter(finding => finding.severity === severity).length;
            if (number) span.append(badge(severity, countedBy(number, severity)), ' ');
          }
          return span;
        }

        // Below the heading of its rule a finding needs none of its own.
        function finding(finding, hasHeading) {
          const head = hasHeading ? null : element('p', {}, badge(finding.severity, finding.severity), ' ',
            element('code', {}, finding.rule), data.audited ? ' ' : null,
            data.audited ? element('span', { class: 'faint' }, finding.command === 'audit' ? 'on the node' : 'in the snapshot') : null);
          const subject = finding.subject
            ? element('b', {}, finding.service < 0 ? finding.subject
              : element('a', { href: '#' + fullName(data.services[finding.service]) }, finding.subject), ': ') : null;
          return element('div', { class: 'finding' }, head, element('p', {}, subject, finding.message),
            finding.remedy ? element('p', { class: 'faint' }, finding.remedy) : null,
            finding.place ? element('p', { class: 'faint code' }, finding.place) : null);
        }

        // A list that is filled when it is opened, and printed open.
        function folded(summary, isOpen, fill) {
          const details = element('details', {}, summary);
          let isFilled = false;
          const open = () => {
            if (isFilled) return;
            isFilled = true;
            details.append(...fill());
          };
          details.addEventListener('toggle', () => details.open && open());
          details.addEventListener('fill', open);
          if (isOpen) {
            open();
            details.open = true;
          }
          return details;
        }

        addEventListener('beforeprint', () => {
          for (const details of document.querySelectorAll('.port details')) {
            details.dispatchEvent(new Event('fill'));
            details.open = true;
          }
        });

        """#
}
