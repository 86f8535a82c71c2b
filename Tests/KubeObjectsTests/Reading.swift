import KubeChainsJSON
import KubeObjects

/// Reads texts as inputs called `a`, `b` and so on.
func read(_ texts: String...) throws(SnapshotError) -> ClusterSnapshot {
    var sources: [SnapshotSource] = []
    for (index, text) in texts.enumerated() {
        let name = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(index)))
        sources.append(SnapshotSource(name: name, bytes: Array(text.utf8)))
    }
    return try ClusterSnapshot(reading: sources)
}

/// The diagnostic of the fault in a text; nil if it is read.
func fault(_ texts: String...) -> String? {
    var sources: [SnapshotSource] = []
    for (index, text) in texts.enumerated() {
        let name = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(index)))
        sources.append(SnapshotSource(name: name, bytes: Array(text.utf8)))
    }
    do {
        _ = try ClusterSnapshot(reading: sources)
        return nil
    } catch {
        return error.description
    }
}

/// A Service with a name and what else its spec holds.
func service(_ name: String = "web", spec: String = "\"clusterIP\":\"10.96.0.1\"") -> String {
    """
    {"apiVersion":"v1","kind":"Service","metadata":{"name":"\(name)","namespace":"shop"},"spec":{\(spec)}}
    """
}

/// An EndpointSlice of the Service `web` with its endpoints and other members.
func slice(_ name: String = "web-1", endpoints: String, _ more: String = "") -> String {
    """
    {"addressType":"IPv4","apiVersion":"discovery.k8s.io/v1","endpoints":\(endpoints),"kind":"EndpointSlice",\
    "metadata":{"labels":{"kubernetes.io/service-name":"web"},"name":"\(name)","namespace":"shop"}\(more)}
    """
}
