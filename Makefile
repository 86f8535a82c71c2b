# `make help` lists the targets.

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=

RELEASE_PATH = .build-release
# What makes the binary smaller: regular expressions are not imported unasked, whose parser is a ninth of it; public functions
# that nothing calls are left out, which is a fifteenth (each has a section of its own, and the compiler is told that the binary
# has all their callers); functions that are equal become one (--icf); what unwinding a stack would read is left out, with its
# index, since nothing unwinds one.
SMALLER = -Xswiftc -Xfrontend -Xswiftc -disable-implicit-string-processing-module-import \
	-Xswiftc -Xfrontend -Xswiftc -internalize-at-link -Xswiftc -Xfrontend -Xswiftc -function-sections \
	-Xswiftc -use-ld=lld -Xlinker --icf=all -Xlinker --no-eh-frame-hdr -Xlinker Sources/CommandLineTool/left-out.ld
# What makes its start shorter: types are made by calls, not from names that are parsed first (a twelfth of the instructions of
# rendering the demo cluster).
SOONER = -Xswiftc -Xfrontend -Xswiftc -disable-concrete-type-metadata-mangled-name-accessors
# What makes it the same wherever it is built, with what left-out.ld leaves out: no identifier that is made from what is linked.
SAME = -Xlinker --build-id=none
RELEASE_FLAGS = -c release --scratch-path $(RELEASE_PATH) --static-swift-stdlib -Xswiftc -static-executable $(SMALLER) \
	$(SOONER) $(SAME) -Xlinker -s
KUBECHAINS = $(RELEASE_PATH)/release/kubechains
DEMO = $$(cat Fixtures/demo/options) Fixtures/demo/cluster.json

# Where `make install` puts what; `make install KUBECHAINS=PATH`, as `make record`, takes a binary that is built already.
ROOT = $(DESTDIR)$(PREFIX)
INSTALLED = $(addprefix $(ROOT)/,bin/kubechains bin/kubectl-chains share/bash-completion/completions/kubechains \
	share/zsh/site-functions/_kubechains share/fish/vendor_completions.d/kubechains.fish share/man/man1/kubechains.1)
BUILT = $(if $(findstring command line,$(origin KUBECHAINS)),,build)

# What the tests and the demo do without: debug information, a part of the time of compiling. (Tests are found by the index.)
QUICK_FLAGS = -debug-info-format none
# The libraries that such a build optimises: all where all tests run, which pays from some minutes on; else those of a few seconds.
export KUBECHAINS_OPTIMIZED = $(if $(filter full soak,$(TESTS)),all,some)

BENCHMARKS = $(RELEASE_PATH)/release/Benchmarks
BENCH_PATH = $(RELEASE_PATH)/bench
# What is measured is a copy, as after `make install`: what a linker wrote lies in the page cache in single pages, which makes the
# start a fifth longer.
BENCH_KUBECHAINS = $(BENCH_PATH)/kubechains
BENCH_ARGUMENTS = --kubechains $(BENCH_KUBECHAINS) --simdjson $(BENCH_PATH)/parse --folder $(BENCH_PATH) -- $(DEMO)

# What `make docs` builds: a site that any static web server can serve.
DOCS_PATH = .build-docs

# The fuzzer's time in seconds.
FUZZ_SECONDS ?= 60
FUZZ_PATH = .build-fuzz

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the static release binary
	@$(SWIFT) build $(RELEASE_FLAGS) --product kubechains

# What runs of the tests: `brief`, `full` or `soak`. CASE names the only recorded case to run, such as `make test CASE=small-003`;
# ONLY the only suites or tests, such as `make test ONLY=LintTests` (a regular expression).
TESTS ?= brief
CASE ?=
ONLY ?=

test: ## run the tests in a few minutes; TESTS=full: all random clusters, kernels and packets
	@SWIFT=$(SWIFT) FLAGS="$(QUICK_FLAGS)" KUBECHAINS_TESTS=$(TESTS) KUBECHAINS_CASE=$(CASE) KUBECHAINS_ONLY='$(ONLY)' \
		Tests/run.sh

# The number of the only pair of snapshots, to look at one that a soak found: `make soak PAIR=4017`.
PAIR ?=

soak: ## prove once what takes longer than CI may: random packets, pairs of snapshots, damage to rules (half an hour)
	@KUBECHAINS_PAIR=$(PAIR) $(MAKE) test TESTS=soak \
		ONLY='$(if $(PAIR),FlowPairTests,$(or $(ONLY),FlowPairTests|ReachabilityTests|MutationTests))'

# Built almost without optimisation, which takes a minute instead of several.
demo: ## show what kubechains is for, on one screen (builds it first, in about a minute)
	@echo "Building kubechains for a first look: about a minute the first time."
	@# Without an index, which takes a tenth of the time.
	@$(SWIFT) build $(QUICK_FLAGS) --disable-index-store --product kubechains
	@Fixtures/demo/tour.sh .build/debug/kubechains

lint: ## check formatting and the project's conventions
	@$(SWIFT) format lint --strict --recursive Sources Tests Package.swift
	@! grep -rnE --include='*.swift' '^(@[a-z]+ )?(public |package |internal )?import Foundation' Sources || \
		{ echo 'Foundation stays out of Sources'; exit 1; }

docs: ## build the documentation into .build-docs, warnings as errors
	@$(SWIFT) build $(QUICK_FLAGS) --quiet --target KubeChains
	@rm -rf $(DOCS_PATH) && mkdir -p $(DOCS_PATH)/symbols
	@# What `import KubeChains` brings is documented as its own: the modules that it exports are extracted with it.
	@modules=$$($(SWIFT) build --show-bin-path)/Modules && \
	$(SWIFT) symbolgraph-extract -module-name KubeChains -I "$$modules" -output-dir $(DOCS_PATH)/symbols \
		-target $$($(SWIFT) -print-target-info | sed -n 's/.*"triple": "\(.*\)",/\1/p' | head -1) \
		-minimum-access-level public -skip-synthesized-members -experimental-allowed-reexported-modules=$$( \
			sed -n 's/^@_exported public import //p' Sources/KubeChains/KubeChains.swift | paste -sd, -)
	@docc convert Sources/KubeChains/KubeChains.docc --additional-symbol-graph-dir $(DOCS_PATH)/symbols \
		--fallback-display-name KubeChains --fallback-bundle-identifier KubeChains --warnings-as-errors \
		--output-dir $(DOCS_PATH)/KubeChains.doccarchive
	@rm -rf $(DOCS_PATH)/symbols; echo "$(DOCS_PATH)/KubeChains.doccarchive"

format: ## format all Swift files
	@$(SWIFT) format --in-place --recursive Sources Tests Package.swift

bench: bench-programs ## measure everything that has a bound (needs PyPI's orjson, libsimdjson-dev, a C++ compiler; minutes)
	@status=0; $(BENCHMARKS) all $(BENCH_ARGUMENTS) || status=1; \
	if unshare -n iptables-legacy-save >/dev/null 2>&1; then \
		unshare -n $(BENCHMARKS) rules --kubechains $(BENCH_KUBECHAINS) --folder $(BENCH_PATH) || status=1; \
	else echo 'Skipped: iptables-legacy-save is not measured, since root, unshare and iptables-legacy-save are needed.'; fi; \
	if unshare -n nft list tables >/dev/null 2>&1; then \
		unshare -n $(BENCHMARKS) nftables --kubechains $(BENCH_KUBECHAINS) --folder $(BENCH_PATH) || status=1; \
	else echo 'Skipped: nft is not measured, since root, unshare and nft are needed.'; fi; \
	exit $$status

bench-quick: bench-programs ## the same in less than a minute: smaller, fewer runs, bounds twice as loose
	@$(BENCHMARKS) quick $(BENCH_ARGUMENTS)

bench-programs: build
	@python3 -c 'import orjson' || { echo 'orjson is needed: pip install orjson'; exit 1; }
	@$(SWIFT) build $(RELEASE_FLAGS) --product Benchmarks
	@mkdir -p $(BENCH_PATH)
	@install -m 755 $(KUBECHAINS) $(BENCH_KUBECHAINS)
	@$(CXX) -O3 -o $(BENCH_PATH)/parse Sources/Benchmarks/Compared/parse.cpp -lsimdjson || \
		{ echo 'simdjson is needed: apt-get install g++ libsimdjson-dev'; exit 1; }

profile: ## count the instructions of each phase of rendering 5,000 Services (needs valgrind)
	@$(SWIFT) build $(filter-out -s,$(subst -Xlinker -s,,$(RELEASE_FLAGS))) --scratch-path .build-profile --product kubechains
	@$(SWIFT) build $(RELEASE_FLAGS) --product Benchmarks
	@mkdir -p $(BENCH_PATH)
	@for shape in pretty compact; do \
		$(BENCHMARKS) generate --services 5000 --endpoints 10 --shape $$shape $(BENCH_PATH)/profile.json >/dev/null && \
		python3 Sources/Benchmarks/Compared/phases.py "$$shape" .build-profile/release/kubechains render \
			--node node-0 --cluster-cidr 10.0.0.0/8 $(BENCH_PATH)/profile.json || exit 1; \
	done; rm -f $(BENCH_PATH)/profile.json

fuzz: ## fuzz the readers of snapshots, of rules, and of nft's text and JSON, FUZZ_SECONDS each
	@$(MAKE) --no-print-directory fuzz-one TARGET=Snapshot DICTIONARY=snapshot.dict
	@$(MAKE) --no-print-directory fuzz-one TARGET=Ruleset DICTIONARY=ruleset.dict
	@$(MAKE) --no-print-directory fuzz-one TARGET=NftText DICTIONARY=nft.dict
	@$(MAKE) --no-print-directory fuzz-one TARGET=NftJSON DICTIONARY=nft-json.dict

fuzz-one:
	@# The last -sanitize wins in swiftc, so both must stand in one.
	@KUBECHAINS_FUZZ=1 $(SWIFT) build -c release --scratch-path $(FUZZ_PATH) --sanitize fuzzer --sanitize address \
		-Xswiftc -sanitize=fuzzer,address --product Fuzz$(TARGET)
	@mkdir -p $(FUZZ_PATH)/corpus-$(TARGET) $(FUZZ_PATH)/seeds-$(TARGET)
	@python3 Tests/Fuzz$(TARGET)/seeds.py Fixtures $(FUZZ_PATH)/seeds-$(TARGET)
	@$(FUZZ_PATH)/release/Fuzz$(TARGET) -max_total_time=$(FUZZ_SECONDS) -timeout=10 -max_len=6000 -print_final_stats=1 \
		-dict=Tests/Fuzz$(TARGET)/$(DICTIONARY) -artifact_prefix=$(FUZZ_PATH)/ \
		$(FUZZ_PATH)/corpus-$(TARGET) $(FUZZ_PATH)/seeds-$(TARGET)

# What is linted is the whole demo cluster.
DEMO_LINT = --cluster-cidr 10.244.0.0/16,fd00:10:244::/56 Fixtures/demo/cluster.json

# The option of a form of `explain`: `all` is the text with every rule.
EXPLAINED = $$(test $$form = all && echo --all || echo -o $$form)

record: $(BUILT) ## write the demo's goldens anew, from our own output: check the difference before you commit it
	@test -z "$$CI" || { echo 'make record does not run where CI is set: goldens are never changed unseen'; exit 1; }
	@for family in ipv4 ipv6; do for form in restore save; do \
		$(KUBECHAINS) render $(DEMO) --family $$family -o $$form --output-file Fixtures/demo/$$family.$$form || exit 1; \
	done; done
	@for family in ipv4 ipv6; do for form in restore save state; do \
		$(KUBECHAINS) render --proxy-mode nftables $(DEMO) --family $$family -o $$form \
			--output-file Fixtures/demo/nftables/$$family.$$form || exit 1; \
	done; done
	@for form in text json; do \
		$(KUBECHAINS) lint $(DEMO_LINT) -o $$form --output-file Fixtures/demo/lint.$$(echo $$form | sed s/text/txt/); \
		test $$? -le 1 || exit 1; \
	done
	@for form in text json; do \
		$(KUBECHAINS) lint --proxy-mode ipvs $(DEMO_LINT) -o $$form \
			--output-file Fixtures/demo/lint-ipvs.$$(echo $$form | sed s/text/txt/); \
		test $$? -le 1 || exit 1; \
	done
	@for form in text json; do \
		$(KUBECHAINS) lint --proxy-mode nftables $(DEMO_LINT) -o $$form \
			--output-file Fixtures/demo/lint-nftables.$$(echo $$form | sed s/text/txt/); \
		test $$? -le 1 || exit 1; \
	done
	@while read -r name target; do for form in text all json dot mermaid svg; do \
		$(KUBECHAINS) explain $$target $(DEMO) $(EXPLAINED) --output-file Fixtures/demo/explain/$$name.$$form || exit 1; \
	done; done < Fixtures/demo/explain/targets
	@while read -r name target; do for form in text all json dot mermaid svg; do \
		$(KUBECHAINS) explain $$target --proxy-mode ipvs $(DEMO) $(EXPLAINED) \
			--output-file Fixtures/demo/explain-ipvs/$$name.$$form || exit 1; \
	done; done < Fixtures/demo/explain-ipvs/targets
	@while read -r name target; do for form in text all json dot mermaid svg; do \
		$(KUBECHAINS) explain $$target --proxy-mode nftables $(DEMO) $(EXPLAINED) \
			--output-file Fixtures/demo/explain-nftables/$$name.$$form || exit 1; \
	done; done < Fixtures/demo/explain-nftables/targets

install: $(BUILT) ## install binary, completions, manual and kubectl's plugin below PREFIX (default /usr/local)
	@install -d $(dir $(INSTALLED))
	@install -m 755 $(KUBECHAINS) $(ROOT)/bin/kubechains
	@ln -sf kubechains $(ROOT)/bin/kubectl-chains
	@$(KUBECHAINS) --generate-completion-script bash > $(ROOT)/share/bash-completion/completions/kubechains
	@$(KUBECHAINS) --generate-completion-script zsh > $(ROOT)/share/zsh/site-functions/_kubechains
	@$(KUBECHAINS) --generate-completion-script fish > $(ROOT)/share/fish/vendor_completions.d/kubechains.fish
	@$(KUBECHAINS) --generate-manual > $(ROOT)/share/man/man1/kubechains.1

uninstall: ## remove what install puts below PREFIX; below a DESTDIR also folders that are left empty
	@rm -f $(INSTALLED)
	@test -z "$(DESTDIR)" || test ! -d "$(DESTDIR)" || { cd "$(DESTDIR)" && \
		rmdir -p $(sort $(dir $(INSTALLED:$(DESTDIR)/%=%))) 2>/dev/null || true; }

clean: ## remove everything that was built
	@rm -rf .build .build-*

.PHONY: help build test soak demo lint docs format bench bench-quick bench-programs profile fuzz fuzz-one record install uninstall clean
