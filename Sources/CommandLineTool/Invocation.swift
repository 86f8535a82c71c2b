internal import KubeSnapshot
internal import Netfilter
internal import ServiceChains

/// What a command line asks for.
struct Invocation: Sendable {
    /// The arguments that are no options.
    var operands: [String] = []
    var wantsHelp = false
    /// The options in the order given, to be applied once more on top of configuration files.
    var given: [(option: OptionSpec, value: String)] = []

    var settings = ProxySettings()
    var configFile: String?
    var form = TextForm.restore
    var outputFile: String?
    var wantsSummary = false
    /// Feature gates that have no effect here.
    var unknownGates: [String] = []
}

extension Invocation {
    /// Reads the inputs and settles the settings: flags win over `--config`, which wins over a configuration in the snapshot.
    func readSnapshot(_ console: Console) throws(CommandFailure) -> (ClusterSnapshot, ProxySettings) {
        var sources: [SnapshotSource] = []
        for path in operands { sources.append(try InputFile.open(path)) }
        let configurationSource = try configFile.map { path throws(CommandFailure) in try InputFile.open(path) }
        let snapshot: ClusterSnapshot
        var settings = ProxySettings()
        do throws(SnapshotError) {
            snapshot = try ClusterSnapshot(reading: sources)
            console.say(snapshot.diagnostics(.warning, snapshot.warnings))
            if let configuration = snapshot.configuration {
                let notice = PlacedMessage(
                    message: "the settings of this KubeProxyConfiguration are used", location: configuration.location)
                console.say(snapshot.diagnostics(.notice, [notice]))
                console.say(snapshot.diagnostics(.warning, try settings.apply(configuration, of: snapshot)))
            }
            if let configurationSource {
                let file = try ClusterSnapshot(reading: [configurationSource])
                guard let configuration = file.configuration else {
                    throw SnapshotError(
                        Diagnostic(.error, "\(configurationSource.name) holds no KubeProxyConfiguration"))
                }
                console.say(file.diagnostics(.warning, try settings.apply(configuration, of: file)))
            }
        } catch {
            throw .input(error.description)
        }
        return (snapshot, try applyingFlags(to: settings))
    }

    /// The settings with the flags on top.
    private func applyingFlags(to settings: ProxySettings) throws(CommandFailure) -> ProxySettings {
        var merged = self
        merged.settings = settings
        for (option, value) in given {
            do {
                try option.apply(&merged, value)
            } catch {
                // Every value was taken once before.
                preconditionFailure(error.message)
            }
        }
        do {
            try merged.settings.checkDetectLocalMode()
        } catch {
            let isFlag = given.contains { $0.option.name == "detect-local-mode" }
            throw isFlag ? .usage("--detect-local-mode: \(error)", see: "render") : .input("error: \(error)")
        }
        return merged.settings
    }
}
