/// The script of pages. It makes elements and texts, never markup, so that nothing of the data can become an element.
enum PageScript {
    /// Reads the data, and finds Services.
    static let data = #"""
        'use strict';
        const data = JSON.parse(document.getElementById('data').textContent);
        // The places of what data.services holds.
        const [NAMESPACE, NAME, TYPE, WORDS, PORTS] = [0, 1, 2, 3, 4];
        const KINDS = ['entry', 'chain', 'endpoint', 'leftOut', 'refusal', 'remark'];
        const SEVERITIES = ['error', 'warning', 'info'];

        // A part is a shape's number, or an array of it and the numbers of the words that go into its texts; a word below zero
        // is one of those that Services share.
        const shape = part => data.shapes[typeof part === 'number' ? part : part[0]];
        const opened = (part, words) => [shape(part), typeof part === 'number' ? []
          : part.slice(1).map(number => number < 0 ? data.shared[-1 - number] : words[number])];

        // A text is a template's number, or an array of it and the places of the words that go into its gaps.
        const templates = [];
        function text(value, words) {
          const isPlain = typeof value === 'number';
          const number = isPlain ? value : value[0];
          const parts = templates[number] ??= data.templates[number].split('\u001f');
          let result = parts[0];
          for (let i = 1; i < parts.length; i++) result += words[value[i]] + parts[i];
          return result;
        }

        // What is known of a Service port, with its texts.
        function facts([family, part], words) {
          const [[label, absence, settings, frontends, flows, unread], own] = opened(part, words);
          const texts = list => list.map(one => text(one, own));
          return {
            family: data.families[family], label: text(label, own), absence: text(absence, own), settings: texts(settings),
            frontends: frontends.map(texts), flows: flows.map(texts), unread: texts(unread),
          };
        }
        function endpoint(part, words) {
          const [[address, place, cluster, local, reason, chain], own] = opened(part, words);
          return {
            address: text(address, own), place: text(place, own), cluster, local, isUsed: cluster > 0 || local > 0,
            reason: text(reason, own), chain: text(chain, own),
          };
        }
        function rulesOf(port, words) {
          const [rules, own] = opened(port[3], words);
          return rules.map(rule => rule.map(cell => text(cell, own)));
        }
        // The same of an endpoint, and of a Service port's number of frontends, without texts.
        const isUsed = part => shape(part)[2] > 0 || shape(part)[3] > 0;
        const isAbsent = port => shape(port[1])[1] !== 0;
        const frontendCount = port => shape(port[1])[3].length;

        const fullName = service => service[NAMESPACE] + '/' + service[NAME];
        const byName = new Map(data.services.map((service, index) => [fullName(service), index]));

        const findings = data.findings.map(([command, severity, rule, service, part]) => {
          const [texts, own] = opened(part, data.words);
          const [subject, message, remedy, place] = texts.map(one => text(one, own));
          return { command, severity, rule, service, subject, message, remedy, place };
        });
        const findingsOf = new Map();
        for (const finding of findings) {
          if (finding.service < 0) continue;
          if (!findingsOf.has(finding.service)) findingsOf.set(finding.service, []);
          findingsOf.get(finding.service).push(finding);
        }
        const explanations = new Map(data.rules);

        // What a Service is found by: names, type, addresses, ports and chains.
        const haystacks = [];
        function haystack(index) {
          if (haystacks[index]) return haystacks[index];
          const service = data.services[index];
          const words = service[WORDS];
          const parts = [fullName(service), service[TYPE], ...words];
          for (const port of service[PORTS]) {
            const { label, frontends } = facts(port, words);
            parts.push(label, ...frontends.flat());
            for (const part of port[2]) {
              const { address, place, chain } = endpoint(part, words);
              parts.push(address, place, chain);
            }
          }
          for (const finding of findingsOf.get(index) ?? []) parts.push(finding.rule);
          return haystacks[index] = parts.join('\n').toLowerCase();
        }

        // The Services that have all words of a question; those whose name has the first one come first.
        function search(question) {
          const words = question.toLowerCase().split(/\s+/).filter(word => word);
          const named = [], others = [];
          for (let index = 0; index < data.services.length; index++) {
            const hay = haystack(index);
            if (!words.every(word => hay.includes(word))) continue;
            const isNamed = words.length === 0 || fullName(data.services[index]).includes(words[0]);
            (isNamed ? named : others).push(index);
          }
          return named.concat(others);
        }

        """#
}
