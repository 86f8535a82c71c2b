internal import KubeChainsBytes

/// The report of a node as a page.
public enum PageReport {
    /// A self-contained HTML page, which needs no network.
    ///
    /// Nothing of the report can run in it: its data is JSON in an element that is not executed, with every character escaped
    /// that could end the element; the script makes texts of it, never markup; and the page's policy (CSP) lets nothing run or
    /// load but the script and the style sheet whose hashes it names.
    public static func html(_ report: NodeReport) -> String {
        var data = PageData(report)
        let json = data.json()
        let script = PageAssets.script
        let style = PageAssets.style
        let title = "kubechains: " + (report.node.map { "node \($0)" } ?? "no node")
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '\(source(script))'; \
            style-src '\(source(style))'; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="kubechains">
            <title>\(title.escapingInvisible().escapingMarkup)</title>
            <style>\(style)</style>
            </head>
            <body>
            \(PageAssets.body)
            <script type="application/json" id="data">\(json)</script>
            <script>\(script)</script>
            </body>
            </html>

            """
    }

    /// An inline element as a Content-Security-Policy names it.
    private static func source(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return "sha256-" + base64(SHA256.digest(of: bytes.span))
    }
}

/// The fixed parts of a page.
enum PageAssets {
    static var style: String { PageStyle.text + PictureStyle.text }
    static var script: String { PageScript.data + PageScript.parts + PageScript.views }
}
