// What `import KubeChains` provides: the objects of a cluster, rules as values, and the plans that turn objects into
// rules.
@_exported public import Conntrack
@_exported public import Iptables
@_exported public import KubeChainsBytes
@_exported public import KubeChainsJSON
@_exported public import KubeObjects
@_exported public import KubeProxy
@_exported public import NetAddress
@_exported public import Nftables
