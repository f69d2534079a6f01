# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

.DEFAULT_GOAL := help
.PHONY: help site homework trace ingress-report migrate forward rollout test soak mutants lab lab-down lab-reset lab-export exec bench requirements

SHELL := /bin/bash
# Run by ssh, bash would read the user's bashrc first, and -u complain of what is not set there.
.SHELLFLAGS := --norc -euc
MAKEFLAGS += --no-print-directory

export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# Nothing is buffered, so that progress is seen when it happens.
export PYTHONUNBUFFERED := 1

PYTHON ?= python3
HTML ?= trace.html
# How many draws of each fault.
SOAK ?= 3
BIN := .venv/bin
PLAYBOOK := $(BIN)/ansible-playbook
# The lab comes before any profile that the inventory could read: "," is the empty inventory.
LAB_PLAYBOOK := $(PLAYBOOK) -i ,
# The lab of the driver that is named, or the one that was brought up last.
LAB := .lab$(if $(DRIVER),/$(DRIVER))
LAB_OPTIONS := $(if $(DRIVER),-e lab_driver='$(DRIVER)') $(if $(NODES),-e lab_nodes='$(NODES)') $(if $(DESKTOP),-e lab_desktop=true)
LAB_IS_UP = test -x $(LAB)/exec || { echo '$@: the lab$(if $(DRIVER), of the driver $(DRIVER)) is not up: make lab$(if $(DRIVER), DRIVER=$(DRIVER))' >&2; exit 2; }
# Playbooks run on the minikube profile, the inventory or the context that is named, or on the lab. A context has no nodes to work on: it is
# enough for a trace.
ifdef PROFILE
CLUSTER = echo '$@: the cluster is the minikube profile $(PROFILE)'
ON_CLUSTER = KUBER_PROFILE='$(PROFILE)' $(PLAYBOOK)
CLUSTER_IS_UP := true
else ifdef INVENTORY
CLUSTER = echo '$@: the cluster is that of the inventory $(INVENTORY)'
ON_CLUSTER = $(PLAYBOOK) -i '$(INVENTORY)'
CLUSTER_IS_UP := true
else ifdef CONTEXT
CLUSTER = echo '$@: the cluster is that of the context $(CONTEXT)'
ON_CLUSTER = $(PLAYBOOK) -i , -e kuber_context='$(CONTEXT)'
CLUSTER_IS_UP := true
else
CLUSTER = echo "$@: the cluster is the lab of the driver $(if $(DRIVER),$(DRIVER),$$(readlink .lab/current)) (PROFILE=NAME takes a minikube profile of yours)"
ON_CLUSTER = $(LAB)/exec $(PLAYBOOK) -e @$(LAB)/vars.yml
CLUSTER_IS_UP = { $(LAB_IS_UP); $(CLUSTER); }
endif
# A clone that was moved has another key too: the programs of a virtual environment carry its path. So has another Python.
INTERPRETER := $(shell { $(PYTHON) -VV; } 2>/dev/null)
key = $(shell { pwd -P; echo '$(INTERPRETER)'; cat $(1); } | sha256sum | cut -c1-16)
USE := .venv/.use-$(call key,requirements.txt)
TEST := .venv/.test-$(call key,requirements.txt requirements-test.txt)
BENCH := bench/.venv/.use-$(call key,bench/requirements.txt)

help:
	@echo 'make site [DRIVER=docker|ssh] [NODES=2] [PROFILE=minikube | INVENTORY=hosts.yml] [ARGS="--check --diff"]'
	@echo '                     set everything up, or repair what has drifted; without PROFILE on the lab cluster'
	@echo '                     with --check only report it, with exit code 2 if something has (drift.json says what)'
	@echo 'make homework DIR=~/kubernetes-networks [PROFILE=minikube] [ARGS="-e homework_language=ru"]'
	@echo "                     check a learner's folder: what works, what does not, and why; without PROFILE on the lab cluster, which is reset"
	@echo '                     a folder that contains folders and no manifest is that of a class: each is checked, with one table for all'
	@echo '                     the report is in homework/; the playbook ends with 0, 2 if something does not work, 1 if it could not be checked'
	@echo '                     (make itself says 2 in both cases)'
	@echo 'make trace TARGET=http://example.app.org/test-webapp [HEADER="mtest: true"] [PROFILE=minikube | INVENTORY=hosts.yml | CONTEXT=kind-kind] [HTML=trace.html]'
	@echo '                     follow a request hop by hop, and see where it ends; on a running cluster'
	@echo 'make ingress-report [PROFILE=minikube | INVENTORY=hosts.yml | CONTEXT=kind-kind]'
	@echo '                     what becomes of the Ingress objects of ingress-nginx behind Traefik and in Gateway API; changes nothing'
	@echo 'make migrate TO=nftables [PROFILE=minikube | INVENTORY=hosts.yml] [ARGS=--check]'
	@echo '                     switch kube-proxy to another mode (nftables, iptables, ipvs) while users ask, after a report of what changes;'
	@echo '                     with ARGS=--check it is the report alone'
	@echo 'make forward [PROFILE=minikube]'
	@echo '                     open the load balancers on 127.0.0.1 where no route leads to them (Docker Desktop and the like), until Ctrl-C'
	@echo 'make rollout [PROFILE=minikube] [ARGS="-e rollout_rate=20"]'
	@echo '                     show the rollout strategies, each by a real rollout, recorded (after make site)'
	@echo 'make test [ARGS="ruff unit"]'
	@echo '                     lint, sanity, unit tests, Molecule on the lab cluster; only the named stages'
	@echo 'make soak [SOAK=3] [ARGS="galaxy matrix kubernetes helm coverage environments faults breaks mutants drift modes teardown lifecycle failover traefik migrate migrate-ipvs gateway homework artifact machines static-inventory desktop ipvs-machine"]'
	@echo '                     the long forms of the tests, far longer than make test'
	@echo 'make mutants [ARGS="decide fieldset"]'
	@echo '                     change the pure modules of the engine bit by bit, and see which changes the tests notice'
	@echo 'make lab [DRIVER=docker|ssh] [NODES=2]'
	@echo '                     bring a lab cluster up (the first time builds it); without DRIVER the one that is up, or what suits this machine'
	@echo "                     with DESKTOP the docker driver's machine only reaches published ports, as with Docker Desktop"
	@echo 'make lab-reset       bring it back to a pristine one'
	@echo 'make lab-down        remove the lab clusters, or that of DRIVER'
	@echo 'make lab-export DIR=/srv/www/lab [DRIVER=docker|ssh]'
	@echo '                     publish what was compiled; KUBER_LAB_MIRROR=ADDRESS, which it prints, fetches that instead of compiling'
	@echo "make exec CMD='curl -s http://172.17.255.1/index.html'"
	@echo "                     run a command as the lab's host"
	@echo 'make bench [ARGS="--objects 30,300"]'
	@echo '                     how fast this is, beside kubectl and kubernetes.core; no lab cluster needed'
	@echo 'make requirements    pin the newest versions that pyproject.toml allows'

site: $(USE)
ifeq ($(PROFILE)$(INVENTORY)$(CONTEXT),)
# Ansible's code for a failed task is that of a check run for drift.
	@$(LAB_PLAYBOOK) playbooks/lab.yml $(LAB_OPTIONS) || exit 1
endif
	@$(CLUSTER)
	@$(ON_CLUSTER) playbooks/site.yml $(ARGS)

# The directory goes through the environment, untouched by make and by the recipe's shell.
homework: export KUBER_HOMEWORK_DIR := $(value DIR)
homework: $(USE)
	@test -n "$$KUBER_HOMEWORK_DIR" || { echo 'homework: say which folder: make homework DIR=~/kubernetes-networks' >&2; exit 2; }
ifeq ($(PROFILE)$(INVENTORY)$(CONTEXT),)
	@$(LAB_PLAYBOOK) playbooks/lab.yml -e lab_reset=true $(LAB_OPTIONS)
endif
	@$(CLUSTER)
	@$(ON_CLUSTER) playbooks/homework.yml $(ARGS)

# The words of the request go through the environment, untouched by make and by the recipe's shell.
trace: export KUBER_TRACE_TARGET := $(value TARGET)
trace: export KUBER_TRACE_HEADER := $(value HEADER)
trace: export KUBER_TRACE_HTML := $(abspath $(HTML))
trace: $(USE)
	@test -n "$$KUBER_TRACE_TARGET" || { echo "trace: say where to: make trace TARGET=http://example.app.org/test-webapp" >&2; exit 2; }
	@$(CLUSTER_IS_UP)
	@$(ON_CLUSTER) playbooks/trace.yml $(ARGS)

ingress-report: $(USE)
	@$(CLUSTER_IS_UP)
	@$(ON_CLUSTER) playbooks/ingress_report.yml $(ARGS)

# The mode goes through the environment, untouched by make and by the recipe's shell.
migrate: export KUBER_MIGRATE_TO := $(value TO)
migrate: $(USE)
	@test -n "$$KUBER_MIGRATE_TO" || { echo 'migrate: say to which mode: make migrate TO=nftables' >&2; exit 2; }
	@$(CLUSTER_IS_UP)
	@$(ON_CLUSTER) playbooks/migrate_proxy_mode.yml $(ARGS)

forward: $(USE)
	@$(CLUSTER_IS_UP)
	@$(ON_CLUSTER) playbooks/forward.yml $(ARGS)

rollout: $(USE)
	@$(CLUSTER_IS_UP)
	@$(ON_CLUSTER) playbooks/rollout.yml $(ARGS)

test: $(TEST)
	@$(BIN)/python tests/run $(ARGS)

soak: export KUBER_SOAK := $(SOAK)
soak: $(TEST)
	@$(BIN)/python tests/run $(ARGS)

mutants: $(TEST)
	@$(BIN)/python tests/mutants $(ARGS)

lab: $(USE)
	@$(LAB_PLAYBOOK) playbooks/lab.yml $(LAB_OPTIONS)

lab-reset: $(USE)
	@$(LAB_PLAYBOOK) playbooks/lab.yml -e lab_reset=true $(LAB_OPTIONS)

lab-down: $(USE)
	@$(LAB_PLAYBOOK) playbooks/lab_down.yml $(if $(DRIVER),-e lab_driver='$(DRIVER)')

# The directory goes through the environment, untouched by make and by the recipe's shell.
lab-export: export KUBER_LAB_EXPORT := $(value DIR)
lab-export: $(USE)
	@test -n "$$KUBER_LAB_EXPORT" || { echo 'lab-export: say where to: make lab-export DIR=/srv/www/lab' >&2; exit 2; }
	@KUBER_LAB_EXPORT=$$(realpath -m -- "$$KUBER_LAB_EXPORT") $(LAB_PLAYBOOK) playbooks/lab_export.yml $(LAB_OPTIONS)

# The command goes through the environment, untouched by make and by the recipe's shell.
exec: export KUBER_EXEC := $(value CMD)
exec:
	@test -n "$$KUBER_EXEC" || { echo "exec: say what to run: make exec CMD='ip address'" >&2; exit 2; }
	@$(LAB_IS_UP)
	@$(LAB)/exec sh -c "$$KUBER_EXEC"

bench: $(USE) $(BENCH)
	@$(LAB_PLAYBOOK) playbooks/lab_programs.yml
	@PYTHONPATH=collections $(BIN)/python -m bench $(ARGS)

$(USE):
	@command -v $(PYTHON) >/dev/null || { echo 'There is no program $(PYTHON): PYTHON must name a Python 3.11 or newer' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo '$(PYTHON) is too old: Python 3.11 or newer is needed (PYTHON=...)' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo '.venv: installing python3-venv'; apt-get update -q; DEBIAN_FRONTEND=noninteractive apt-get install -qy python3-venv; }
# venv --clear would empty the directory that a link leads to, which others may use.
	@test ! -L .venv || { echo ".venv is a link to $$(readlink .venv), which is left alone: remove the link, and this clone gets an environment of its own" >&2; exit 1; }
	@echo '.venv: installing Ansible and its libraries, half a minute'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	@touch $@

$(TEST): | $(USE)
	@echo '.venv: installing the test tools, half a minute'
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements-test.txt
	@touch $@

$(BENCH): | $(USE)
	@echo 'bench: installing kubernetes.core, two minutes'
	@$(PYTHON) -m venv --clear bench/.venv
	@bench/.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r bench/requirements.txt
	@touch $@

requirements:
	@pins=$$(mktemp -d); trap 'rm -rf "$$pins"' EXIT; \
	$(PYTHON) -m venv $$pins; $$pins/bin/python -m pip install -q uv; \
	lock() { \
		echo "$$2"; \
		{ head -3 pyproject.toml; echo "# Written by 'make requirements' from pyproject.toml: edit that."; \
		  $$pins/bin/uv -q pip compile --universal --python-version "$$3" --generate-hashes --no-annotate --no-header --group "$$1" \
			--resolution "$$4"; } > $$pins/lock; \
		cp $$pins/lock "$$2"; \
	}; \
	lock use requirements.txt 3.11 highest; \
	lock test requirements-test.txt 3.11 highest; \
	lock bench bench/requirements.txt 3.11 highest; \
	lock galaxy tests/galaxy.txt 3.11 highest; \
	lock mutants tests/mutants.txt 3.11 highest; \
	for line in 2.19:3.11 2.21:3.12 2.22:3.14; do \
		group=ansible-$${line%:*}; group=$${group//./-}; \
		lock $$group tests/matrix-$${line%:*}-newest.txt $${line#*:} highest; \
		lock $$group tests/matrix-$${line%:*}-lowest.txt $${line#*:} lowest-direct; \
	done
