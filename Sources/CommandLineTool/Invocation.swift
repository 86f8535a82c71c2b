internal import Iptables
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy

/// How a report is written.
enum ReportForm: String, CaseIterable {
    case text, json, unified, dot, mermaid, svg
}

/// A parsed command line.
struct Invocation: Sendable {
    /// The arguments that are not options.
    var operands: [String] = []
    var wantsHelp = false
    /// The options in the order given, applied again on top of configuration files.
    var given: [(option: OptionSpec, value: String)] = []

    var settings = ProxySettings()
    var configFile: String?
    var form = IPVSForm.restore
    var outputFile: String?
    /// The folder for all texts of IPVS mode.
    var outputFolder: String?
    var wantsSummary = false
    var report = ReportForm.text
    /// Name only the Service ports that differ.
    var isBrief = false
    /// Compare the rules' text in normal form, comments included.
    var isStrict = false
    /// The dumps of a node's rules.
    var live: [String] = []
    var severity = FindingSeverity.info
    /// The rules that `lint` excludes.
    var disabledRules: Set<String> = []
    var listsRules = false
    var namespace: String?
    var service: String?
    /// The host's rules, for which `render` writes only the chains that differ.
    var against: String?
    /// Write only the chains that differ from the host's.
    var isIncremental = false
    /// The backend of iptables; nil: the host decides.
    var backend: Generator.Backend?
    /// Print what would be written, and write nothing.
    var isDryRun = false
    /// Read the rules back and compare.
    var verifies = false
    /// Do what would be refused as dangerous.
    var isForced = false
    /// Seconds to wait for the xtables lock, and for another kubechains.
    var waitSeconds = 5
    /// Carry out a cleanup on this host.
    var appliesCleanup = false
    /// The packet that `trace` follows.
    var packet = TraceOptions()
    /// Feature gates without effect here.
    var unknownGates: [String] = []

    /// Whether the command line gives an option.
    func gives(_ name: String) -> Bool { given.contains { $0.option.name == name } }
}

/// The inputs and settings of a command, read.
struct PreparedSnapshot {
    let snapshot: ClusterSnapshot
    var settings: ProxySettings
    /// Warnings and notices so far. They are shown only if there is no error.
    let diagnostics: [Diagnostic]
}

extension PreparedSnapshot {
    /// Plans for the family that the settings name.
    func plan() throws(CommandFailure) -> NodePlan {
        try input { () throws(SnapshotError) in try NodePlan(snapshot, settings, with: System.workers) }
    }

    /// Plans for iptables mode.
    func iptablesPlan() throws(CommandFailure) -> IptablesPlan { IptablesPlan(try plan(), with: System.workers) }

    /// Plans for IPVS mode.
    func ipvsPlan() throws(CommandFailure) -> IPVSPlan {
        let plan = try plan()
        return try input { () throws(SnapshotError) in try IPVSPlan(plan) }
    }
}

extension Invocation {
    /// Reads the inputs and resolves the settings: flags win over `--config`, which wins over a configuration in the
    /// snapshot.
    func readSnapshot(servesIPVS: Bool = false) throws(CommandFailure) -> PreparedSnapshot {
        var sources: [SnapshotSource] = []
        for path in operands { sources.append(try InputFile.open(path)) }
        return try readSnapshot(sources, servesIPVS: servesIPVS)
    }

    /// Reads a snapshot from open inputs, and resolves the settings.
    ///
    /// - Parameter servesIPVS: whether the command supports IPVS mode.
    func readSnapshot(
        _ sources: [SnapshotSource], servesIPVS: Bool = false
    ) throws(CommandFailure) -> PreparedSnapshot {
        let snapshot = try input { () throws(SnapshotError) in
            try ClusterSnapshot(reading: sources, with: System.workers)
        }
        var diagnostics = snapshot.diagnostics(.warning, snapshot.warnings)
        var settings = ProxySettings()
        // The places that set the detect-local mode and the proxy mode, to which errors are attributed.
        var mode: (file: ClusterSnapshot, location: SourceLocation?)?
        var proxyMode: (file: ClusterSnapshot, location: SourceLocation?)?

        func apply(_ configuration: KubeProxyConfiguration, of file: ClusterSnapshot) throws(CommandFailure) {
            let warnings = try input { () throws(SnapshotError) in try settings.apply(configuration, of: file) }
            diagnostics += file.diagnostics(.warning, warnings)
            if let setting = configuration.detectLocalMode { mode = (file, setting.location) }
            if let setting = configuration.mode { proxyMode = (file, setting.location) }
        }
        if let configuration = snapshot.configuration {
            let notice = PlacedMessage(
                message: "the settings of this KubeProxyConfiguration are used", location: configuration.location)
            diagnostics += snapshot.diagnostics(.notice, [notice])
            try apply(configuration, of: snapshot)
        }
        if let configFile {
            let source = try InputFile.open(configFile)
            let file = try input { () throws(SnapshotError) in
                try ClusterSnapshot(reading: [source], expecting: .configuration)
            }
            guard let configuration = file.configuration else {
                throw .input("\(source.name): error: the file holds no KubeProxyConfiguration")
            }
            try apply(configuration, of: file)
        }

        settings = applyingFlags(to: settings)
        do {
            try settings.checkDetectLocalMode()
        } catch {
            guard let mode, !gives("detect-local-mode") else {
                throw .usage("--detect-local-mode: \(error)", see: "render")
            }
            throw .input(mode.file.error(error.description, at: mode.location).description)
        }
        if settings.mode == .ipvs, !servesIPVS {
            let message =
                "only render, apply, cleanup, explain and lint serve mode ipvs; "
                + "give --proxy-mode iptables for the rules of iptables mode"
            guard let proxyMode, !gives("proxy-mode") else { throw .usage("--proxy-mode: \(message)", see: "render") }
            throw .input(proxyMode.file.error(message, at: proxyMode.location).description)
        }
        return PreparedSnapshot(snapshot: snapshot, settings: settings, diagnostics: diagnostics)
    }

    /// The settings with the flags on top.
    private func applyingFlags(to settings: ProxySettings) -> ProxySettings {
        var merged = self
        merged.settings = settings
        for (option, value) in given {
            do {
                try option.apply(&merged, value)
            } catch {
                // Every value was accepted once before.
                preconditionFailure(error.message)
            }
        }
        return merged.settings
    }
}

/// Runs `body`; an input error becomes the command's failure.
func input<Value>(_ body: () throws(SnapshotError) -> Value) throws(CommandFailure) -> Value {
    do {
        return try body()
    } catch {
        throw .input(error.description)
    }
}
