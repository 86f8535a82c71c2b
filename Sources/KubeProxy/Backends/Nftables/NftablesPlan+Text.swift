public import KubeChainsBytes
public import Nftables

/// The texts that hold what kube-proxy in nftables mode programs.
public enum NftablesForm: String, Sendable, Hashable, CaseIterable {
    /// The transaction that kube-proxy's first sync pipes to `nft -f -`.
    case restore
    /// What `nft list table` prints once it has been loaded.
    case save
    /// The state to which it leads on an empty host: sorted commands, one object a line.
    case state
}

extension NftablesPlan {
    /// How much was written.
    public struct Summary: Sendable, Hashable {
        /// The number of commands, one a line; of a listing that of the objects that it shows, rules and elements too.
        public var commands = 0
        /// The length of the text in bytes.
        public var bytes = 0
    }

    /// Writes one of the texts.
    ///
    /// - Parameter nft: whose listing ``NftablesForm/save`` is.
    /// - Returns: how much was written.
    @discardableResult
    public func write(
        _ form: NftablesForm, listedBy nft: NftVersion = .oneZero, to text: consuming TextWriter
    ) -> Summary {
        switch form {
        case .save:
            var output = text
            let table = table
            table.writeListing(nft, to: &output)
            output.flush()
            return Summary(commands: table.objectCount, bytes: output.totalCount)
        case .restore:
            var transaction = NftablesTransaction(self, CommandWriter(table: tableName, to: text))
            transaction.write()
            return transaction.finish()
        case .state:
            var transaction = NftablesTransaction(self, CommandWriter(keepingCommandsOf: tableName))
            transaction.write()
            var output = text
            let commands = transaction.takeCommands().writeState(to: &output)
            output.flush()
            return Summary(commands: commands, bytes: output.totalCount)
        }
    }

    /// One of the texts as a string.
    public func text(_ form: NftablesForm) -> String {
        var result: [UInt8] = []
        write(form, to: unsafe TextWriter { chunk in unsafe result.append(contentsOf: chunk) })
        return String(decoding: result, as: UTF8.self)
    }
}

extension NftTable {
    /// The number of objects: the table, chains, rules, sets, maps, elements and counters.
    fileprivate var objectCount: Int {
        1 + counters.count + chains.count + sets.count + chains.reduce(0) { $0 + $1.rules.count }
            + sets.reduce(0) { $0 + $1.elements.count }
    }
}
