public import KubeChainsBytes
internal import Nftables

/// The texts that hold what kube-proxy in nftables mode programs.
public enum NftablesForm: String, Sendable, Hashable, CaseIterable {
    /// The transaction that kube-proxy's first sync pipes to `nft -f -`.
    case restore
    /// The state to which it leads on an empty host: sorted commands, one object a line.
    case state
}

extension NftablesPlan {
    /// How much was written.
    public struct Summary: Sendable, Hashable {
        /// The number of commands, one a line.
        public var commands = 0
        /// The length of the text in bytes.
        public var bytes = 0
    }

    /// Writes one of the texts.
    ///
    /// - Returns: how much was written.
    @discardableResult
    public func write(_ form: NftablesForm, to text: consuming TextWriter) -> Summary {
        switch form {
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
