internal import KubeChainsBytes
internal import KubeChainsJSON

/// The kinds of objects that are read.
enum ObjectKind: Sendable {
    case service, endpointSlice, endpoints, node, serviceCIDR, configuration, configMap, status, table, list, other
}

/// The top-level members of an object that are read.
private enum Field: Int, CaseIterable {
    case metadata, addressType, spec, status, endpoints, ports, subsets, message, items, data
}

/// One object while it is read.
///
/// kubectl sorts keys, so `endpoints` and `items` come before `kind`. Members are therefore read immediately if the
/// kind is known or can be guessed, and are read again or discarded if the guess was wrong: an invalid member of an
/// object that is not used is not an error.
private struct ObjectDraft {
    /// The position of a member's value, and the kind as which it was read.
    struct FieldState {
        var offset = -1
        var readAs: ObjectKind?
    }

    let start: Int
    /// Whether the object is an item of a list, not a document.
    let isItem: Bool
    var apiVersion: JSONString?
    var kind: JSONString?
    var fields = InlineArray<10, FieldState>(repeating: FieldState())
    /// Errors in members; they count only if the members were read as the right kind.
    var faults: [(field: Field, fault: ReadFault)] = []
    var metadata = Metadata()
    var service = ServiceFields()
    var slice = EndpointSliceFields()
    var subsets = EndpointsFields()
    var node = NodeFields()
    var serviceCIDR = ServiceCIDRFields()
    var message: JSONString?
    /// Of a ConfigMap: the text of kube-proxy's configuration.
    var configuration: JSONString?
    /// For a list: the mark before its items, and the items without a kind.
    var beforeItems: ObjectCollection.Mark?
    var itemsWithoutKind: [Int] = []
}

extension ObjectCollection {
    /// Reads an input, which is the one with this index in the list of inputs.
    mutating func read(
        _ source: SnapshotSource, _ index: Int, _ expectation: InputExpectation, _ workers: Workers?
    ) throws(ReadFailure) {
        var json = JSONReader(source.bytes, source: index, owner: source)
        json.readAhead = workers.flatMap { ItemsAhead(of: json, $0) }
        do throws(ReadFault) {
            try readDocuments(&json, expectation)
        } catch {
            throw ReadFailure(InputShape.explained(error, json.bytes), in: index)
        }
        warnings += json.warnings
        // All reading must have ended before the bytes are released.
        json.readAhead = nil
        source.hasBeenRead(0..<source.count)
    }

    /// Reads one object.
    ///
    /// - Parameter assumed: the kind of items without one, if the list has a kind such as ServiceList.
    /// - Returns: the object's offset if its kind is not known; it has not been read then.
    mutating func readObject(
        _ json: inout JSONReader, isItem: Bool, assumed: ObjectKind?
    ) throws(ReadFault) -> Int? {
        var draft = ObjectDraft(start: json.position, isItem: isItem)
        try json.enterObject(isItem ? "the item" : "the document")
        while let key = try json.nextKey() {
            if json.string(key, equals: "apiVersion") {
                draft.apiVersion = try json.string("apiVersion")
            } else if json.string(key, equals: "kind") {
                draft.kind = try json.string("kind")
            } else if let field = Field(key, json) {
                let kind = draft.kind.map { json.objectKind(draft.apiVersion, $0) } ?? assumed ?? json.guess(draft)
                try readAtOnce(field, as: kind, &draft, &json)
            } else {
                try json.skipValue()
            }
            try json.endMember(of: UInt8(ascii: "}"))
        }
        let end = json.position
        guard let kind = draft.kind.map({ json.objectKind(draft.apiVersion, $0) }) ?? assumed else {
            if let mark = draft.beforeItems { dropAll(since: mark, &json) }
            return draft.start
        }
        if kind != .list, let mark = draft.beforeItems { dropAll(since: mark, &json) }
        let outerDepth = json.depth
        for field in Field.allCases {
            let state = draft.fields[field.rawValue]
            guard state.offset >= 0 else { continue }
            if state.readAs == kind {
                // ConfigMaps that are not kube-proxy's may hold anything.
                if kind != .configMap, let known = draft.faults.first(where: { $0.field == field }) {
                    throw known.fault
                }
                continue
            }
            json.position = state.offset
            json.depth = outerDepth + 1
            do throws(ReadFault) {
                try read(field, as: kind, &draft, &json)
            } catch {
                guard kind == .configMap, error.kind == .value else { throw error }
            }
        }
        json.depth = outerDepth
        try finish(kind, draft, &json)
        json.position = end
        return nil
    }

    /// Reads a member as that of `kind`; skips it where the kind is not known, to be read when the whole object has
    /// been read. An error is kept until then: a later member may replace the value.
    private mutating func readAtOnce(
        _ field: Field, as kind: ObjectKind?, _ draft: inout ObjectDraft, _ json: inout JSONReader
    ) throws(ReadFault) {
        let start = json.position
        let outerDepth = json.depth
        draft.fields[field.rawValue] = ObjectDraft.FieldState(offset: start, readAs: nil)
        if !draft.faults.isEmpty { draft.faults.removeAll { $0.field == field } }
        var kind = kind
        switch field {
        case .addressType:
            // Endpoints are read with the slice's address family, so that comes first; if it changes, they are read
            // again.
            kind = kind ?? .endpointSlice
            draft.fields[Field.endpoints.rawValue].readAs = nil
        case .endpoints where draft.fields[Field.addressType.rawValue].readAs != .endpointSlice:
            kind = nil
        case .items where draft.kind == nil && !draft.isItem:
            // A document's items are read before its kind is known, as kubectl has it. Those of a list within a list
            // wait: what is read on a guess at every level would be read as often as there are ways to guess.
            kind = .list
        default:
            break
        }
        guard let kind else { return try json.skipValue() }
        let mark = self.mark(json)
        draft.fields[field.rawValue].readAs = kind
        do {
            try read(field, as: kind, &draft, &json)
        } catch {
            guard error.kind == .value else { throw error }
            draft.faults.append((field, error))
            dropAll(since: mark, &json)
            json.position = start
            json.depth = outerDepth
            try json.skipValue()
        }
    }

    private mutating func read(
        _ field: Field, as kind: ObjectKind, _ draft: inout ObjectDraft, _ json: inout JSONReader
    ) throws(ReadFault) {
        switch (kind, field) {
        case (.other, _), (.configuration, _), (.table, _): try json.skipValue()
        case (_, .metadata): draft.metadata = try Metadata(&json, isOfService: kind == .service)
        case (.service, .spec): draft.service.spec = try ServiceFields.Spec(&json)
        case (.service, .status): draft.service.ingress = try ServiceFields.readStatus(&json)
        case (.endpointSlice, .addressType): try draft.slice.readAddressType(&json)
        case (.endpointSlice, .endpoints): try draft.slice.readEndpoints(&json)
        case (.endpointSlice, .ports): draft.slice.ports = try EndpointPort.readAll(&json)
        case (.endpoints, .subsets): try draft.subsets.readSubsets(&json)
        case (.node, .spec): try draft.node.readSpec(&json)
        case (.node, .status): try draft.node.readStatus(&json)
        case (.serviceCIDR, .spec): try draft.serviceCIDR.readSpec(&json)
        case (.configMap, .data): draft.configuration = try json.configurationText()
        case (.status, .message): draft.message = try json.string("message")
        case (.list, .items): try readItems(&draft, &json)
        default: try json.skipValue()
        }
    }

    private mutating func readItems(_ draft: inout ObjectDraft, _ json: inout JSONReader) throws(ReadFault) {
        if let mark = draft.beforeItems { dropAll(since: mark, &json) }
        draft.beforeItems = mark(json)
        draft.itemsWithoutKind = []
        if try json.skipNull() { return }
        let itemKind = draft.kind.flatMap { json.itemKind(draft.apiVersion, $0) }
        try json.array("items") { json throws(ReadFault) in
            if let others = takeItemsAhead(&json, itemKind) {
                draft.itemsWithoutKind += others
            } else if let unnamed = try readObject(&json, isItem: true, assumed: itemKind) {
                draft.itemsWithoutKind.append(unnamed)
            }
            json.reportConsumed()
        }
    }

    /// Adds a complete object to the collection.
    private mutating func finish(
        _ kind: ObjectKind, _ draft: ObjectDraft, _ json: inout JSONReader
    ) throws(ReadFault) {
        switch kind {
        case .service:
            services.append(try draft.service.finish(draft.metadata, at: draft.start, &json))
        case .endpointSlice:
            endpointSlices.append(try draft.slice.finish(draft.metadata, at: draft.start, &json))
        case .endpoints:
            endpoints.append(try draft.subsets.finish(draft.metadata, at: draft.start, &json))
        case .node:
            nodes.append(try draft.node.finish(draft.metadata, at: draft.start, &json))
        case .serviceCIDR:
            serviceCIDRs.append(try draft.serviceCIDR.finish(draft.metadata, at: draft.start, &json))
        case .configuration:
            json.position = draft.start
            configurations.append(try KubeProxyConfiguration(&json))
        case .status:
            let message = draft.message.map { json.text($0.range, limit: 300) } ?? "no message"
            throw .value(
                at: draft.start,
                "the API server answered with a Status object instead of the cluster's objects: \(message)")
        case .configMap:
            guard let name = draft.metadata.name, json.string(name, startsWith: "kube-proxy"),
                let text = draft.configuration
            else { return }
            if let configuration = try KubeProxyConfiguration(inside: text, at: draft.start, &json) {
                configurations.append(configuration)
            }
        case .table:
            throw .value(
                at: draft.start,
                "this is a Table, which the API server makes for people; expected the objects; \(InputShape.advice)")
        case .list:
            try finishList(draft, &json)
        case .other:
            guard let kind = draft.kind, let version = draft.apiVersion else { return }
            warnOfOtherVersion(kind, version, at: draft.start, &json)
        }
    }

    private mutating func finishList(_ draft: ObjectDraft, _ json: inout JSONReader) throws(ReadFault) {
        if let token = draft.metadata.continueToken, !token.range.isEmpty {
            throw .value(
                at: token.offset,
                "the list is not whole: it ends with a continue token; fetch all pages, as 'kubectl get' does by itself"
            )
        }
        let itemKind = draft.kind.flatMap { json.itemKind(draft.apiVersion, $0) }
        let outerDepth = json.depth
        for offset in draft.itemsWithoutKind {
            json.position = offset
            json.depth = outerDepth + 2
            if let unnamed = try readObject(&json, isItem: true, assumed: itemKind) {
                throw .value(at: unnamed, "the item has no kind; expected a Kubernetes object")
            }
        }
        json.depth = outerDepth
    }
}

extension Field {
    fileprivate init?(_ key: JSONString, _ json: borrowing JSONReader) {
        if json.string(key, equals: "metadata") {
            self = .metadata
        } else if json.string(key, equals: "spec") {
            self = .spec
        } else if json.string(key, equals: "status") {
            self = .status
        } else if json.string(key, equals: "addressType") {
            self = .addressType
        } else if json.string(key, equals: "endpoints") {
            self = .endpoints
        } else if json.string(key, equals: "ports") {
            self = .ports
        } else if json.string(key, equals: "subsets") {
            self = .subsets
        } else if json.string(key, equals: "items") {
            self = .items
        } else if json.string(key, equals: "message") {
            self = .message
        } else if json.string(key, equals: "data") {
            self = .data
        } else {
            return nil
        }
    }
}

extension JSONReader {
    /// Enters a value that must be an object.
    fileprivate mutating func enterObject(_ what: StaticString) throws(ReadFault) {
        guard bytes[position] == UInt8(ascii: "{") else { throw wrongType("an object", for: what) }
        try enter()
    }

    /// The kind before it is known: no other kind of this API group has the members of an EndpointSlice.
    fileprivate func guess(_ draft: ObjectDraft) -> ObjectKind? {
        guard let version = draft.apiVersion,
            string(version, equals: "discovery.k8s.io/v1") || string(version, equals: "discovery.k8s.io/v1beta1")
        else { return nil }
        return .endpointSlice
    }

    /// The kind that `apiVersion` and `kind` name. A missing `apiVersion` is taken for the right one.
    fileprivate func objectKind(_ apiVersion: JSONString?, _ kind: JSONString) -> ObjectKind {
        func isOf(_ version: StaticString) -> Bool { apiVersion.map { string($0, equals: version) } ?? true }
        if string(kind, equals: "Service"), isOf("v1") { return .service }
        if string(kind, equals: "EndpointSlice"), isOf("discovery.k8s.io/v1") || isOf("discovery.k8s.io/v1beta1") {
            return .endpointSlice
        }
        if string(kind, equals: "Endpoints"), isOf("v1") { return .endpoints }
        if string(kind, equals: "Node"), isOf("v1") { return .node }
        if string(kind, equals: "ServiceCIDR"), isOf("networking.k8s.io/v1") || isOf("networking.k8s.io/v1beta1") {
            return .serviceCIDR
        }
        if string(kind, equals: "ConfigMap"), isOf("v1") { return .configMap }
        if string(kind, equals: "Table"), isOf("meta.k8s.io/v1") { return .table }
        if string(kind, equals: "Status"), isOf("v1") { return .status }
        if string(kind, equals: "KubeProxyConfiguration"), isOf("kubeproxy.config.k8s.io/v1alpha1") {
            return .configuration
        }
        let end = kind.range.upperBound
        if kind.range.count >= 4, bytes.range((end - 4)..<end, equals: "List") { return .list }
        return .other
    }

    /// The kind of a typed list's items that do not say their own; nil for a plain `List`.
    fileprivate func itemKind(_ apiVersion: JSONString?, _ listKind: JSONString) -> ObjectKind? {
        let range = listKind.range.dropLast(4)
        guard !listKind.hasEscapes, !range.isEmpty, objectKind(apiVersion, listKind) == .list else { return nil }
        return objectKind(apiVersion, JSONString(range: range, hasEscapes: false))
    }
}
