/// The style sheet of pages.
enum PageStyle {
    static let text = #"""
        :root {
          --ground: #ffffff; --raised: #f6f8fa; --text: #1b1f24; --faint: #59636e; --line: #d1d9e0; --link: #0550ae;
          --error: #b3261e; --warning: #855100; --info: #1a5a9e; --good: #1a7f37; --code: #f0f3f6; --mark: #fff3c4;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #0d1117; --raised: #151b23; --text: #f0f6fc; --faint: #9aa4af; --line: #343b45; --link: #6cb0ff;
            --error: #ff8078; --warning: #e0a83a; --info: #7cb7ff; --good: #56d364; --code: #1c232d; --mark: #4a3b0a;
          }
        }
        * { box-sizing: border-box }
        html { scroll-padding-top: 84px }
        body {
          margin: 0; background: var(--ground); color: var(--text);
          font: 15px/1.5 system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif; overflow-wrap: anywhere;
        }
        a { color: var(--link); text-decoration: none }
        a:hover { text-decoration: underline }
        :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px }
        code, .code { font: 12.5px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
        header {
          position: sticky; top: 0; z-index: 1; background: var(--ground); border-bottom: 1px solid var(--line);
        }
        header > div, main { max-width: 1240px; margin: 0 auto; padding: 12px 24px }
        header > div { display: flex; gap: 8px 24px; align-items: center; flex-wrap: wrap }
        .brand { font-weight: 650; color: var(--text) }
        .about { color: var(--faint); font-size: 13.5px; flex: 1 1 auto }
        #search {
          font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--line); border-radius: 8px;
          padding: 7px 12px; width: 340px; max-width: 100%;
        }
        main { padding-top: 20px; padding-bottom: 64px }
        h1 { font-size: 25px; line-height: 1.25; margin: 4px 0 8px }
        h2 { font-size: 19px; margin: 36px 0 10px }
        h3 { font-size: 15px; margin: 26px 0 8px }
        p { margin: 6px 0 }
        .faint { color: var(--faint) }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 12px; margin: 14px 0 }
        .tile { background: var(--raised); border: 1px solid var(--line); border-radius: 10px; padding: 11px 15px }
        .tile b { display: block; font-size: 25px; line-height: 1.25; font-variant-numeric: tabular-nums }
        .tile span { color: var(--faint); font-size: 13px }
        .error { color: var(--error) } .warning { color: var(--warning) } .info { color: var(--info) }
        .good { color: var(--good) }
        .badge {
          display: inline-block; font-size: 12px; font-weight: 600; line-height: 1; padding: 4px 8px; border-radius: 20px;
          border: 1px solid currentColor; white-space: nowrap;
        }
        .row {
          display: grid; grid-template-columns: minmax(0, 5fr) 110px minmax(0, 5fr) minmax(0, 3fr) minmax(90px, auto);
          gap: 2px 16px; padding: 8px 12px; border-bottom: 1px solid var(--line); align-items: baseline;
        }
        .row:hover { background: var(--raised) }
        .row > :nth-child(n+2) { font-size: 13.5px; color: var(--faint) }
        .row > :last-child { text-align: right }
        .rows { border-top: 1px solid var(--line) }
        mark { background: var(--mark); color: inherit; border-radius: 3px }
        button {
          font: inherit; color: var(--link); background: var(--raised); border: 1px solid var(--line); border-radius: 8px;
          padding: 7px 14px; margin: 14px 0; cursor: pointer;
        }
        details { border: 1px solid var(--line); border-radius: 10px; margin: 8px 0; padding: 0 15px; background: var(--ground) }
        summary { cursor: pointer; padding: 9px 0; font-weight: 600 }
        summary .badge { margin-right: 8px }
        summary .faint { font-weight: 400 }
        details[open] > summary { border-bottom: 1px solid var(--line); margin-bottom: 8px }
        .finding { padding: 7px 0 9px; border-bottom: 1px solid var(--line) }
        .finding:last-child { border-bottom: 0 }
        .finding p { margin: 2px 0 }
        .port {
          border: 1px solid var(--line); border-radius: 12px; padding: 6px 20px 20px; margin: 20px 0; background: var(--ground);
        }
        .port h2 { margin: 10px 0 8px }
        ul { margin: 6px 0; padding-left: 20px }
        .scroll { overflow-x: auto; margin: 0 -4px; padding: 4px }
        .scroll svg { display: block; max-width: none }
        @media (min-width: 1200px) { .scroll .shrinks { max-width: 100%; height: auto } }
        svg .ground { fill: none }
        .legend { display: flex; flex-wrap: wrap; gap: 2px 20px; margin: 8px 0; color: var(--faint); font-size: 13px }
        .legend svg { vertical-align: -2px; margin-right: 6px }
        table { border-collapse: collapse; width: 100%; font-size: 13.5px }
        th { text-align: left; color: var(--faint); font-weight: 600; font-size: 12px; border-bottom: 1px solid var(--line) }
        th, td { padding: 6px 14px 6px 0; vertical-align: top }
        tr + tr td { border-top: 1px solid var(--line) }
        .rule { padding: 7px 0; border-bottom: 1px solid var(--line) }
        .rule:last-child { border-bottom: 0 }
        .rule code { display: block; background: var(--code); border-radius: 6px; padding: 5px 9px }
        .rule span { display: block; color: var(--faint); font-size: 13.5px; padding: 3px 9px 0 }
        @media (max-width: 720px) {
          header > div, main { padding-left: 14px; padding-right: 14px }
          header > div { padding-top: 9px; padding-bottom: 9px }
          .about { font-size: 12.5px }
          #search { width: 100%; font-size: 16px }
          html { scroll-padding-top: 130px }
          h1 { font-size: 21px }
          .row { grid-template-columns: minmax(0, 1fr) auto; padding: 9px 2px }
          .row > :nth-child(2) { text-align: right }
          .row > :nth-child(3) { grid-column: 1 / -1 }
          .port { padding: 2px 13px 13px }
          table, tbody, tr, td { display: block }
          thead { display: none }
          td { padding: 1px 0; border: 0 }
          tr { padding: 7px 0 }
          tr + tr { border-top: 1px solid var(--line) }
          tr + tr td { border-top: 0 }
          td:empty { display: none }
          td[data-head]::before { content: attr(data-head) " "; color: var(--faint); font-size: 12px }
        }
        @media print {
          header { position: static }
          #search, button, .back { display: none }
          body { font-size: 11.5px }
          .scroll { overflow: visible }
          .scroll svg { max-width: 100%; height: auto }
          details, .port { border: 0; padding: 0 }
          .port, .rule, .finding, tr, .scroll { break-inside: avoid }
          .port { break-inside: auto }
        }

        """#
}
