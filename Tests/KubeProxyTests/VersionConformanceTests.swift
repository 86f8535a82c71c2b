import TestSupport
import Testing

/// The texts of kube-proxy 1.24 to 1.36 (Fixtures/conformance-versions), byte for byte.
@Suite struct VersionConformanceTests {
    /// What makes the reference one for every version.
    @Test func referenceGivesEveryRecordedText() throws {
        let cases = try VersionedCase.all(in: fixtures + "/conformance-versions")
        #expect(cases.count >= 154)
        for recorded in cases {
            #expect(recorded.texts.flatMap { Array($0.minors) } == Array(24...36), "case \(recorded.name)")
            for text in recorded.texts {
                for minor in text.minors {
                    let model = ReferenceModel(recorded.cluster(minor: minor))
                    #expect(model.text == text.expected, "case \(recorded.name), 1.\(minor)")
                }
            }
        }
    }
}
