import KubeObjects
import Testing

@testable import KubeChainsJSON

/// Selectors as kubectl has them, and the labels that they are asked of.
@Suite struct LabelSelectorTests {
    private static let labels = ["app": "web", "tier": "front", "example.com/team": "shop", "empty": "", "size": "12"]

    @Test(arguments: [
        ("", true), ("app=web", true), ("app==web", true), ("app = web", true), ("app=api", false), ("app!=api", true),
        ("app!=web", false), ("other!=web", true), ("app", true), ("other", false), ("!other", true), ("!app", false),
        ("app in (web, api)", true), ("app in (api)", false), ("app notin (api)", true), ("app notin (web,api)", false),
        ("other notin (a)", true), ("other in (a)", false), ("app=web,tier=front", true), ("app=web,tier=back", false),
        ("app in (a,web),!other,example.com/team=shop", true), ("empty=", true), ("app=", false),
        ("size>11", true), ("size > 12", false), ("size<13,app", true), ("size<12", false), ("app>1", false),
        ("other<1", false),
        ("app in (,web)", true), ("empty in (,)", true), ("app\tin\t(web)", true), ("app=", false),
    ])
    func selects(_ text: String, _ expected: Bool) throws {
        #expect(try LabelSelector(text).selects(Self.labels) == expected)
    }

    @Test(arguments: [
        "=", "=a", "a=b=c", "a in web", "a in (b", "a b", "a,", "a in (b c)", "!", "a=b,,c", "a like (b)",
        "a>b", "a>", "a>1.5", ">1", "a in ()", "a notin ( )", "-a=b", "a=-b", "a=b.", "a/b/c", "/a", "A.b/c", "a b=c",
        "a in (-)",
        "a==b=", "a<>1", "\(String(repeating: "a", count: 64))=b", "a=\(String(repeating: "a", count: 64))",
    ])
    func invalid(_ text: String) {
        #expect(throws: LabelSelector.InvalidText.self) { try LabelSelector(text) }
    }

    @Test func labelsAreReadAgain() throws {
        let text = """
            {"kind": "List", "items": [{"kind": "Service", "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 1}]}, "metadata": {
            "labels": {"a": "1", "b\\u0041": "x\\ty"}, "name": "s", "namespace": "n", "annotations": {"k": "v"}}, "apiVersion": "v1"}]}
            """
        let snapshot = try ClusterSnapshot(reading: [SnapshotSource(name: "a", bytes: Array(text.utf8))])
        let labels = snapshot.labels(of: snapshot.services[0])
        #expect(labels.labels == ["a": "1", "bA": "x\ty"])
        #expect(labels.annotations == ["k": "v"])
    }
}
