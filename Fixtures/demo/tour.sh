#!/bin/sh
# What kubechains is for, on one screen: `make demo`. $1 is the built program.
set -eu
cd "$(dirname "$0")/../.."
kubechains=$1
input="$(cat Fixtures/demo/options) Fixtures/demo/cluster.json"
service=shop/search:http packet="--from 10.244.2.44 --to 10.96.134.59:80"

heading() { if [ -t 1 ]; then printf '\033[1m%s\033[0m\n' "$*"; else printf '%s\n' "$*"; fi; }

heading "explain: what kube-proxy makes of the Service shop/search on the node worker-1, and why"
# Frontends with their clients, and endpoints. The settings are left out, the title's second line, and what --all adds.
"$kubechains" explain $service $input | awk '/^├─ settings/ { skips = 1 } /^├─ frontends/ { skips = 0 }
    skips || /^│ [^ ]/ { next } /^└─ rules/ { exit } !/^(│  |   )(│  |   )(│  |   )(│|├|└| )/'
echo
heading "trace: where a pod's packet to its cluster IP goes"
"$kubechains" trace $packet $input | awk 'NR > 1 && (/^[^ ]/ || /^ +source /)'
echo
heading "render: the Service's rules as iptables-restore takes them (less the comments)"
"$kubechains" render $input | grep -F $service | sed 's/ -m comment --comment \("[^"]*"\|[^ ]*\)//'
echo
heading "All of it:"
for arguments in "explain $service" "trace $packet" render; do
    echo "$kubechains $arguments \$(cat Fixtures/demo/options) Fixtures/demo/cluster.json"
done
