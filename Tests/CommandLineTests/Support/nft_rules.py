"""Rules of all sorts for nft, one matter for each port, beside kube-proxy's table; those of kernel_flows.py in its words."""


def other_rules(ipv6, pods, client, sink_source):
    """The text of a table `other`."""
    ip, width = ("ip6", 64) if ipv6 else ("ip", 24)
    pair = [f"[{pod}]" if ipv6 else pod for pod in pods]
    prohibited, no_route = (
        ("icmpv6 admin-prohibited", "icmpv6 no-route") if ipv6 else ("icmp host-prohibited", "icmp net-unreachable"))
    transport = "meta l4proto { tcp, udp }"

    def port(number):
        return f"{transport} th dport {number}"

    hairpin = "\n".join(f"  {ip} saddr {pod} {ip} daddr {pod} masquerade" for pod in pods)
    return f"""
table {ip} other {{
 set seen {{ type {'ipv6_addr' if ipv6 else 'ipv4_addr'} ; flags dynamic,timeout ; timeout 1h ; }}
 set dropped {{ type inet_proto . inet_service ; flags interval ; elements = {{ tcp . 9011, udp . 9011, tcp . 9012-9013, udp . 9012-9013 }} }}
 chain pre-raw {{ type filter hook prerouting priority raw ; {port(9001)} notrack ; }}
 chain out-raw {{ type filter hook output priority raw ; {port(9001)} notrack ; }}
 chain pre-mangle {{ type filter hook prerouting priority mangle ; jump t-mangle ; }}
 chain out-mangle {{ type filter hook output priority mangle ; jump t-mangle ; }}
 chain pre-nat {{ type nat hook prerouting priority -105 ; jump t-nat ; }}
 chain out-nat {{ type nat hook output priority -105 ; jump t-nat ; }}
 chain post-nat {{
  type nat hook postrouting priority 90 ;
{hairpin}
  {port(9005)} snat to {sink_source}
 }}
 chain in-early {{ type filter hook input priority -10 ; {port(9012)} accept ; }}
 chain for-early {{ type filter hook forward priority -10 ; {port(9012)} accept ; }}
 chain in-filter {{ type filter hook input priority 10 ; jump t-filter ; }}
 chain for-filter {{ type filter hook forward priority 10 ; jump t-filter ; }}
 chain out-filter {{ type filter hook output priority 10 ; jump t-filter ; }}
 chain t-mangle {{
  {port(9002)} meta mark set meta mark & 0xfffffff0 | 0x2
  {port(9014)} meta mark set meta mark | 0x70
  {port(9015)} meta mark set 0x5
  {port(9015)} ct mark set meta mark
  {port(9015)} meta mark set 0x0
 }}
 chain t-nat {{
  {port(9001)} dnat to {pair[0]}:8080
  {transport} meta mark & 0xf == 0x2 dnat to {pair[0]}:8080
  {port(9003)} dnat to :8081
  {port(9004)} redirect to :8080
  {port(9014)} dnat to {pair[0]}:8080
  {port(9016)} dnat {ip} addr . port to numgen inc mod 2 map {{ 0 : {pods[0]} . 8080, 1 : {pods[1]} . 8080 }}
  {port(9017)} update @seen {{ {ip} saddr timeout 30m }}
  {port(9017)} {ip} saddr @seen dnat to {pair[2]}:8080
  {port('9018-9019')} dnat to {pair[0]}:8080
  {transport} th dport vmap {{ 9020 : jump t-nat-20, 9021 : goto t-nat-21, 9024 : return }}
  {port(9021)} redirect to :8080
  {port(9029)} numgen random mod 4 0 return
  {port(9029)} dnat to {pair[1]}:8080
 }}
 chain t-nat-20 {{ {transport} dnat to {pair[1]}:8080 ; }}
 chain t-nat-21 {{ {transport} th sport 1-30000 dnat to {pair[1]}:8081 ; }}
 chain t-goto {{ counter return ; }}
 chain t-filter {{
  {port(9006)} goto t-goto
  {port(9006)} drop
  {port(9007)} jump t-goto
  {port(9007)} drop
  {port(9008)} reject with {prohibited}
  meta l4proto tcp th dport 9009 reject with tcp reset
  {port(9010)} reject with {no_route}
  meta l4proto . th dport @dropped counter log prefix "dropped " drop
  ct status dnat meta mark & 0xf0 == 0x70 reject
  {port(9015)} meta mark & 0xf == 0 ct mark & 0xf == 0x5 reject
  iifname "veth1" {port(9022)} drop
  iifname != "veth*" {port(9023)} drop
  oifname "eth0" {port(9024)} drop
  fib saddr type local {port(9025)} drop
  {ip} saddr != {client}/{width} {port(9026)} drop
  tcp dport 9027 ct state new,invalid drop
  {transport} th sport 9028 drop
  {port(9030)} limit rate 1/minute log
 }}
}}
"""
