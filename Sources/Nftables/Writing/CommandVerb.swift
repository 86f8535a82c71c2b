/// What a command for `nft -f` does, and to what kind of object.
public enum CommandVerb: UInt8, Sendable, Hashable, CaseIterable {
    /// `add` of an object, a rule or an element.
    case addTable, addChain, addSet, addMap, addCounter, addRule, addElement
    /// `flush`: the object stays, empty.
    case flushChain, flushSet, flushMap
    /// `delete` of an object or an element.
    case deleteChain, deleteSet, deleteMap, deleteCounter, deleteElement

    /// The command's first words.
    @inlinable public var words: StaticString {
        switch self {
        case .addTable: "add table"
        case .addChain: "add chain"
        case .addSet: "add set"
        case .addMap: "add map"
        case .addCounter: "add counter"
        case .addRule: "add rule"
        case .addElement: "add element"
        case .flushChain: "flush chain"
        case .flushSet: "flush set"
        case .flushMap: "flush map"
        case .deleteChain: "delete chain"
        case .deleteSet: "delete set"
        case .deleteMap: "delete map"
        case .deleteCounter: "delete counter"
        case .deleteElement: "delete element"
        }
    }
}
