extension PageScript {
    /// Shows the overview or a Service, as the address says.
    static let views = #"""

        const main = document.querySelector('main');
        const input = document.getElementById('search');
        const PAGE = 100;

        function share(oneIn) { return oneIn === 0 ? '' : oneIn === 1 ? 'all' : '1/' + oneIn; }

        function row(index) {
          const service = data.services[index];
          const words = service[WORDS];
          const ports = service[PORTS];
          const frontends = ports.flatMap(port => facts(port, words).frontends.map(frontend => frontend[1]));
          const endpoints = ports.flatMap(port => port[2]);
          const used = endpoints.filter(isUsed).length;
          const absence = ports.length && isAbsent(ports[0]) ? 'no rules' : null;
          const state = absence ?? (used === 0 ? element('span', { class: 'error' }, 'no endpoint') : `${used} used`
            + (used < endpoints.length ? `, ${endpoints.length - used} left out` : ''));
          return element('div', { class: 'row' }, element('a', { href: '#' + fullName(service) }, fullName(service)),
            element('span', {}, service[TYPE]),
            element('span', { class: 'code' }, frontends.slice(0, 3).join(', ')
              + (frontends.length > 3 ? ` and ${frontends.length - 3} more` : '')),
            element('span', {}, state), counts(findingsOf.get(index) ?? []));
        }

        function serviceList(indices, heading) {
          const rows = element('div', { class: 'rows', id: 'services' });
          const more = element('button', { type: 'button' });
          let shown = 0;
          const show = () => {
            rows.append(...indices.slice(shown, shown + PAGE).map(row));
            shown = Math.min(shown + PAGE, indices.length);
            more.textContent = `Show more (${(indices.length - shown).toLocaleString('en')} left)`;
            more.hidden = shown === indices.length;
          };
          more.addEventListener('click', show);
          show();
          return [element('h2', {}, heading), rows, more];
        }

        function tile(number, words, style) {
          return element('div', { class: 'tile' },
            element('b', { class: style && number ? style : '' }, number.toLocaleString('en')), element('span', {}, words));
        }

        function overview() {
          const ports = data.services.flatMap(service => service[PORTS].filter(port => !isAbsent(port)));
          const endpoints = ports.flatMap(port => port[2]);
          const number = severity => findings.filter(finding => finding.severity === severity).length;
          const differences = findings.filter(finding => finding.command === 'audit');
          const parts = [
            element('h1', {}, data.node ? 'Node ' + data.node : 'No node'),
            element('p', { class: 'faint' }, `What kube-proxy programs here in ${data.mode} mode, by the rules of `
              + `${data.version}, for ${data.families.join(' and ')}. The snapshot has ${counted(data.nodes, 'node')}.`),
            element('div', { class: 'tiles' }, tile(data.services.length, 'Services'),
              tile(ports.reduce((sum, port) => sum + frontendCount(port), 0), 'frontends'),
              tile(endpoints.filter(isUsed).length, 'endpoints used'), tile(number('error'), 'errors', 'error'),
              tile(number('warning'), 'warnings', 'warning'), tile(number('info'), 'for information', 'info')),
          ];
          if (data.audited) {
            parts.push(element('h2', { id: 'differences' }, 'What differs on the node'),
              differences.length ? null : element('p', { class: 'good' }, 'The rules of the node are what they should be.'));
            parts.push(...rules(differences));
          }
          parts.push(element('h2', { id: 'findings' }, 'Findings'));
          const others = findings.filter(finding => finding.command !== 'audit');
          parts.push(...(others.length ? rules(others) : [element('p', { class: 'good' }, 'Nothing found.')]));
          parts.push(...serviceList(data.services.map((_, index) => index), 'Services'));
          return parts;
        }

        // Findings by rule, most severe first.
        function rules(list) {
          const groups = new Map();
          for (const one of list) {
            const key = one.severity + ' ' + one.rule;
            if (!groups.has(key)) groups.set(key, []);
            groups.get(key).push(one);
          }
          const order = [...groups.values()].sort((a, b) =>
            SEVERITIES.indexOf(a[0].severity) - SEVERITIES.indexOf(b[0].severity));
          return order.map(group => folded(
            element('summary', {}, badge(group[0].severity, countedBy(group.length, group[0].severity)),
              group[0].rule + ' ',
              element('span', { class: 'faint' }, explanations.get(group[0].rule) ?? '')),
            false, () => group.slice(0, 500).map(one => finding(one, true)).concat(group.length > 500
              ? [element('p', { class: 'faint' }, `and ${counted(group.length - 500, 'other')}; search for ${group[0].rule}`)] : [])));
        }

        function portSection(port, words, name) {
          const { family, label, absence, settings, flows, unread } = facts(port, words);
          const parts = [element('h2', {}, (label ? label + ', ' : '') + family)];
          if (absence) parts.push(element('p', {}, 'No rules: ' + absence + '.'));
          if (settings.length) parts.push(element('ul', {}, ...settings.map(one => element('li', {}, one))));
          if (!absence) parts.push(...picture(port[4], words, `The way of packets to ${name} ${label}, ${family}`));
          if (flows.length) {
            parts.push(element('h3', {}, 'Who reaches it'), table(['to', 'from', 'result', 'source IP', 'share'], flows));
          }
          const endpoints = port[2].map(part => endpoint(part, words));
          if (endpoints.length) {
            const used = endpoints.filter(one => one.isUsed).length;
            const leftOut = endpoints.length - used;
            parts.push(element('h3', {}, `Endpoints: ${used} used` + (leftOut ? `, ${leftOut} left out` : '')));
            const hasLocal = endpoints.some(one => one.local > 0);
            const hasChain = endpoints.some(one => one.chain);
            const heads = ['address', 'node, zone', hasLocal ? 'cluster policy' : 'share', ...(hasLocal ? ['local policy'] : []),
              'reason', ...(hasChain ? ['chain'] : [])];
            parts.push(table(heads, endpoints.map(one => [
              element('b', { class: one.isUsed ? 'good' : 'faint' }, one.address), one.place,
              share(one.cluster), ...(hasLocal ? [share(one.local)] : []), one.reason,
              ...(hasChain ? [element('code', {}, one.chain)] : []),
            ])));
          }
          if (unread.length) {
            parts.push(element('h3', {}, 'Not read by kube-proxy'),
              element('ul', {}, ...unread.map(one => element('li', {}, one))));
          }
          const rules = rulesOf(port, words);
          const places = new Map();
          for (const [place, rule, why] of rules) {
            if (!places.has(place)) places.set(place, []);
            places.get(place).push([rule, why]);
          }
          if (places.size) parts.push(element('h3', {}, counted(rules.length, 'rule')));
          for (const [place, list] of places) {
            parts.push(folded(element('summary', {}, place + ' ', element('span', { class: 'faint' }, String(list.length))), false,
              () => list.map(([rule, why]) => element('div', { class: 'rule' }, element('code', {}, rule),
                why ? element('span', {}, why) : null))));
          }
          return element('section', { class: 'port' }, ...parts);
        }

        function servicePage(index) {
          const service = data.services[index];
          const name = fullName(service);
          const own = findingsOf.get(index) ?? [];
          return [
            element('p', { class: 'back' }, element('a', { href: '#' }, '← all Services')),
            element('h1', {}, name), element('p', {}, element('span', { class: 'faint' }, service[TYPE]), ' ', counts(own)),
            ...(own.length ? [folded(element('summary', {}, counted(own.length, 'finding')), own.length <= 5
              || own.some(one => one.severity === 'error'), () => own.map(one => finding(one, false)))] : []),
            ...service[PORTS].map(port => portSection(port, service[WORDS], name)),
          ];
        }

        function show() {
          const question = input.value.trim();
          const name = location.hash.slice(1);
          let parts;
          if (question) {
            const found = search(question);
            parts = found.length ? serviceList(found, counted(found.length, 'Service'))
              : [element('p', { class: 'faint' }, 'No Service has this in its name, addresses, ports, chains or findings.')];
          } else if (byName.has(name)) {
            parts = servicePage(byName.get(name));
          } else {
            parts = overview();
            if (name.includes('/')) parts.unshift(element('p', { class: 'error' }, `The snapshot has no Service ${name}.`));
          }
          document.title = (byName.has(name) && !question ? name + ', ' : '') + 'kubechains: '
            + (data.node ? 'node ' + data.node : 'no node');
          main.replaceChildren(...parts.filter(part => part));
          const target = question ? null : document.getElementById(name);
          if (target) target.scrollIntoView(); else scrollTo(0, 0);
        }

        input.addEventListener('input', show);
        // A link to where one is already leaves the search.
        addEventListener('click', event => {
          const link = event.target.closest('a');
          if (link && input.value && link.hash === location.hash) {
            input.value = '';
            show();
          }
        });
        addEventListener('hashchange', () => {
          input.value = '';
          show();
        });
        addEventListener('keydown', event => {
          if (event.key === '/' && document.activeElement !== input) {
            event.preventDefault();
            input.focus();
          } else if (event.key === 'Enter' && document.activeElement === input) {
            document.querySelector('#services a')?.click();
          } else if (event.key === 'Escape' && input.value) {
            input.value = '';
            show();
          }
        });
        document.querySelector('.about').textContent = [data.node && 'node ' + data.node, data.mode + ' mode', data.version]
          .filter(part => part).join(' · ');
        show();

        """#
}

extension PageAssets {
    /// What the script fills.
    static let body = #"""
        <header><div>
        <a class="brand" href="#">kubechains</a>
        <span class="about"></span>
        <input id="search" type="search" placeholder="Service, address, port or chain ( / )" aria-label="Search Services"
        autocomplete="off" spellcheck="false">
        </div></header>
        <main><noscript><p>This page draws itself with a script, and scripts are off. <code>kubechains explain</code> prints the
        same as text.</p></noscript></main>
        """#
}
