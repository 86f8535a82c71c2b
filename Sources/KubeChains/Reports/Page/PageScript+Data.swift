/// The script of pages. It makes elements and texts, never markup, so that nothing of the data can become an element.
enum PageScript {
    /// Reads the data, and finds Services.
    static let data = #"""
        'use strict';
        const data = JSON.parse(document.getElementById('data').textContent);
        // The places of what data.services holds.
        const [NAMESPACE, NAME, TYPE, WORDS, PORTS] = [0, 1, 2, 3, 4];
        const [LABEL, FAMILY, ABSENCE, SETTINGS, FRONTENDS, FLOWS, ENDPOINTS, UNREAD, RULES, PICTURE] =
          [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        const KINDS = ['entry', 'chain', 'endpoint', 'leftOut', 'refusal', 'remark'];
        const SEVERITIES = ['error', 'warning', 'info'];

        // A text is a template's number, or an array of it and the numbers of the words that go into its gaps; a word below
        // zero is one of those that Services share.
        const templates = [];
        function text(value, words) {
          const isPlain = typeof value === 'number';
          const number = isPlain ? value : value[0];
          const parts = templates[number] ??= data.templates[number].split('\u001f');
          if (isPlain) return parts[0];
          let result = parts[0];
          for (let i = 1; i < parts.length; i++) {
            const word = value[i];
            result += (word < 0 ? data.shared[-1 - word] : words[word]) + parts[i];
          }
          return result;
        }

        const fullName = service => service[NAMESPACE] + '/' + service[NAME];
        const byName = new Map(data.services.map((service, index) => [fullName(service), index]));

        const findings = data.findings.map(([command, severity, rule, subject, message, remedy, service]) => ({
          command, severity, rule, service, subject: text(subject, data.words), message: text(message, data.words),
          remedy: text(remedy, data.words),
        }));
        const findingsOf = new Map();
        for (const finding of findings) {
          if (finding.service < 0) continue;
          if (!findingsOf.has(finding.service)) findingsOf.set(finding.service, []);
          findingsOf.get(finding.service).push(finding);
        }
        const explanations = new Map(data.rules);

        const isUsed = endpoint => endpoint[2] > 0 || endpoint[3] > 0;
        // What a Service is found by: names, type, addresses, ports and chains.
        const haystacks = [];
        function haystack(index) {
          if (haystacks[index]) return haystacks[index];
          const service = data.services[index];
          const words = service[WORDS];
          const parts = [fullName(service), service[TYPE], ...words];
          for (const port of service[PORTS]) {
            parts.push(text(port[LABEL], words));
            for (const frontend of port[FRONTENDS]) parts.push(text(frontend[0], words), text(frontend[1], words));
            for (const endpoint of port[ENDPOINTS]) parts.push(text(endpoint[0], words), text(endpoint[1], words));
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
