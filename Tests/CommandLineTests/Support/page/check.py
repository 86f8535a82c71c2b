"""Checks a page in a browser: check.py PAGE SERVICE TYPED... Prints what is wrong; nothing where all is right.

SERVICE is one to open by its address. Each TYPED is WORDS=NUMBER: what is typed, and how many Services it finds.
"""

import sys

from browser import Browser

# Everything that the measured pictures must not do, with the boxes that the browser itself gives. A label may touch no
# arrow, no text may leave the picture or its box, and each colour stands in the legend.
MEASURE = """
(() => {
  const wrong = [];
  const kinds = list => [...new Set([...list].map(rect => rect.getAttribute('class').split(' ')[0]))].sort().join();
  for (const svg of document.querySelectorAll('main .scroll svg')) {
    const legend = svg.parentElement.nextElementSibling;
    if (legend.className !== 'legend' || kinds(legend.querySelectorAll('rect')) !== kinds(svg.querySelectorAll('rect'))) {
      wrong.push('legend: ' + legend.textContent);
    }
    const view = svg.viewBox.baseVal;
    const arrows = [...svg.querySelectorAll('path.arrow')].map(path => {
      const length = path.getTotalLength(), points = [];
      for (let at = 0; at <= length; at += 2) points.push(path.getPointAtLength(at));
      return points;
    });
    const rects = [...svg.querySelectorAll('rect')].map(rect => rect.getBBox());
    for (const text of svg.querySelectorAll('text')) {
      const box = text.getBBox(), right = box.x + box.width, bottom = box.y + box.height;
      if (box.x < view.x || box.y < view.y || right > view.x + view.width || bottom > view.y + view.height) {
        wrong.push('cut off: ' + text.textContent);
      }
      if (text.classList.contains('label')) {
        // The letters' own height: from above the capitals to below the base line.
        const top = box.y + 2, low = bottom - 3;
        if (arrows.some(points => points.some(p => p.x > box.x && p.x < right && p.y > top && p.y < low))) {
          wrong.push('crossed: ' + text.textContent);
        }
      } else if (!rects.some(r => r.x <= box.x && right <= r.x + r.width && r.y <= box.y && bottom <= r.y + r.height)) {
        wrong.push('outside of its box: ' + text.textContent);
      }
    }
  }
  return wrong;
})()
"""


def type_text(browser, text):
    return browser.run(f"""(() => {{
      const began = performance.now();
      input.value = {text!r};
      input.dispatchEvent(new Event('input'));
      return performance.now() - began;
    }})()""")


def check(browser, path, service, typed):
    wrong = []

    def expect(condition, words):
        if not condition:
            wrong.append(words)

    browser.show(1280, "light")
    browser.open(path)
    services = browser.run("data.services.map(fullName)")
    expect(browser.run("document.querySelectorAll('#services .row').length") == min(100, len(services)), "overview: rows")
    expect(browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "light: ground")

    # Search as one types; Enter opens the first Service found, and leaves the search.
    for words in typed:
        text, number = words.rsplit("=", 1)
        type_text(browser, text)
        found = browser.run("document.querySelector('main h2')?.textContent ?? '0'")
        expect(found.split(" ")[0].replace(",", "") == number, f"search {text}: {found}")
    type_text(browser, service)
    first = browser.run("document.querySelector('#services a').textContent")
    browser.run("input.focus(); dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'}));")
    browser.run("new Promise(done => setTimeout(done, 50))")
    expect(browser.run("document.querySelector('main h1').textContent") == first, "Enter opens the first Service")
    expect(browser.run("input.value") == "", "a Service that is opened ends the search")
    expect(browser.run("location.hash") == "#" + first, "the address names the Service")

    # Links: an address opens a Service; every link leads somewhere; back leads back.
    browser.open(path, "#" + service)
    expect(browser.run("document.querySelector('main h1').textContent") == service, "an address opens its Service")
    expect(browser.run("document.title").startswith(service), "the title names the Service")
    browser.run("document.querySelector('.back a').click()")
    browser.run("new Promise(done => setTimeout(done, 50))")
    expect(browser.run("document.querySelectorAll('.tile').length") == 6, "back leads to the overview")
    browser.run("for (const details of document.querySelectorAll('details')) details.open = true;")
    browser.run("new Promise(done => setTimeout(done, 50))")
    dead = browser.run("""[...document.querySelectorAll('main a')].map(a => decodeURI(a.hash.slice(1)))
      .filter(name => name && !byName.has(name))""")
    expect(not dead, f"dead links: {dead[:3]}")
    browser.open(path, "#no/such")
    expect("no Service no/such" in browser.run("main.textContent"), "an unknown Service is named")

    # Every Service (of many some): pictures, tables and rules in both sizes and schemes.
    for width, scheme in ((1280, "light"), (390, "dark")):
        browser.show(width, scheme)
        browser.open(path)
        if scheme == "dark":
            expect(browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)", "dark: ground")
        expect(browser.run("document.documentElement.scrollWidth") <= width, f"{width}: the overview is too wide")
        for name in services[:: max(1, len(services) // 40)]:
            browser.run(f"location.hash = {name!r}; show();")
            expect(browser.run("document.querySelector('main h1').textContent") == name, f"{name}: heading")
            for complaint in browser.run(MEASURE):
                wrong.append(f"{name}: {complaint}")
            expect(browser.run("document.documentElement.scrollWidth") <= width, f"{width}: {name} is too wide")

    # Printed, the rules are there without a click.
    browser.run("dispatchEvent(new Event('beforeprint'))")
    expect(browser.run("[...document.querySelectorAll('.port details')].every(d => d.open)"), "print: rules are open")

    # Nothing but the page itself ran or was loaded.
    expect(browser.run("typeof hostile") == "undefined", "a text of the snapshot ran")
    expect(browser.run("document.scripts.length") == 2, "scripts")
    expect(
        browser.run("document.querySelectorAll('img, iframe, object, embed, link, base, form, [style]').length") == 0,
        "elements that a page has not")
    others = [url for url in browser.requests if not url.startswith(("file:", "about:"))]
    expect(not others, f"requests: {others[:3]}")
    wrong.extend(browser.complaints)
    return wrong


if __name__ == "__main__":
    with Browser() as browser:
        for line in check(browser, sys.argv[1], sys.argv[2], sys.argv[3:]):
            print(line)
