# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assembles every image of the cluster, under the name that real users' manifests give it.

Environment: SYSTEM (a Debian tree), PROGRAMS and METALLB (compiled programs), INGRESS and DASHBOARD (trees),
TRAEFIK (a program), FILES (this directory).
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

from oci import Image, file_layer, tree_layer

SYSTEM, PROGRAMS, METALLB, INGRESS, DASHBOARD, TRAEFIK, FILES = (
    pathlib.Path(os.environ[name])
    for name in ("SYSTEM", "PROGRAMS", "METALLB", "INGRESS", "DASHBOARD", "TRAEFIK", "FILES")
)
WORK = pathlib.Path("work")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
IPTABLES = [f"{family}{verb}" for family in ("iptables", "ip6tables") for verb in ("", "-save", "-restore")]


def kubernetes_names() -> list[str]:
    """kubeadm knows under which names it will ask for its images."""
    kubeadm = WORK / "kubeadm"
    kubeadm.symlink_to(PROGRAMS / "kubernetes")
    command = [str(kubeadm), "config", "images", "list", "--kubernetes-version", os.environ["KUBERNETES_VERSION"]]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def inside(*command: str) -> list[str]:
    """Words that a command prints inside the Debian tree."""
    return subprocess.run(["chroot", str(SYSTEM), *command], check=True, capture_output=True, text=True).stdout.split()


def copy_program(name: str, root: pathlib.Path) -> None:
    """A program of the Debian tree with the libraries it is linked to."""
    shutil.copy(SYSTEM / "usr/sbin" / name, root / "usr/sbin")
    for library in filter(lambda word: word.startswith("/"), inside("ldd", f"/usr/sbin/{name}")):
        [real] = inside("realpath", library)
        directory = "lib64" if library.startswith("/lib64/") else LIBRARIES
        shutil.copy(SYSTEM / real[1:], root / directory / pathlib.Path(library).name)


def netfilter_tree() -> pathlib.Path:
    """What kube-proxy calls, and no more, as in upstream's image: both variants of iptables, ipset, nft, conntrack."""
    root = WORK / "netfilter"
    for directory in ("usr/sbin", LIBRARIES, "lib64", "bin", "etc", "run", "var/lib", "lib/modules"):
        (root / directory).mkdir(parents=True)
    (root / "tmp").mkdir(mode=0o1777)
    for program in ("xtables-legacy-multi", "xtables-nft-multi", "ipset", "nft", "conntrack"):
        copy_program(program, root)
    shutil.copytree(SYSTEM / LIBRARIES / "xtables", root / LIBRARIES / "xtables")
    # the statistic match, which spreads connections over endpoints, needs it and is loaded at run time
    shutil.copy(SYSTEM / LIBRARIES / "libm.so.6", root / LIBRARIES)
    for name in ("protocols", "services", "nsswitch.conf"):
        # without /etc/protocols ipset does not know "tcp", and every hash:ip,port set stays empty without a word
        shutil.copy(SYSTEM / "etc" / name, root / "etc")
    chooser = shutil.copy(FILES / "iptables-as-the-node", root / "usr/sbin")
    pathlib.Path(chooser).chmod(0o755)
    for name in IPTABLES:
        (root / "usr/sbin" / name).symlink_to("iptables-as-the-node")
    (root / "lib/x86_64-linux-gnu").symlink_to("../usr/lib/x86_64-linux-gnu")
    return root


def netfilter_layers() -> tuple[bytes, bytes]:
    names = ("sh", "ls", "cat", "sleep", "grep", "ln", "mv")
    shell = file_layer({"/bin/busybox": SYSTEM / "bin/busybox"}, {f"/bin/{name}": "busybox" for name in names})
    return tree_layer(netfilter_tree()), shell


def busybox_tree() -> pathlib.Path:
    root = WORK / "busybox"
    (root / "bin").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "tmp").mkdir(mode=0o1777)
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
    program = shutil.copy(SYSTEM / "bin/busybox", root / "bin/busybox")
    applets = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout.split()
    for applet in set(applets) - {"busybox"}:
        (root / "bin" / applet).symlink_to("busybox")
    return root


def kubernetes_images() -> dict[str, Image]:
    named = {name.rsplit("/", 1)[1].split(":")[0]: name for name in kubernetes_names()}
    components = [component for component in named if component.startswith("kube-")] + ["etcd"]
    program = "/usr/local/bin/kubernetes"
    links = {f"/usr/local/bin/{component}": program for component in [*components, "etcdctl"]}
    node = netfilter_layers()
    return {
        "kubernetes": Image(
            tuple(named[component] for component in components),
            (*node, file_layer({program: PROGRAMS / "kubernetes"}, links)),
        ),
        # Only nodes of the docker driver have these. A module of kindnetd cannot be had; nothing runs the provisioner.
        "docker/kindnetd-stand-in": Image(
            (os.environ["KINDNETD_IMAGE"],),
            (*node, file_layer({"/bin/kindnetd-stand-in": PROGRAMS / "kindnetd-stand-in"}, {})),
            {"Cmd": ["/bin/kindnetd-stand-in"]},
        ),
        "docker/storage-provisioner-stand-in": Image(
            (os.environ["STORAGE_PROVISIONER_IMAGE"],),
            (file_layer({"/stand-in": PROGRAMS / "pause"}, {}),),
            {"Entrypoint": ["/stand-in"]},
        ),
        "pause": Image(
            (named["pause"],), (file_layer({"/pause": PROGRAMS / "pause"}, {}),), {"Entrypoint": ["/pause"]}
        ),
        "coredns": Image(
            (named["coredns"],), (file_layer({"/coredns": PROGRAMS / "coredns"}, {}),), {"Entrypoint": ["/coredns"]}
        ),
    }


def program_image(name: str, place: str, source: pathlib.Path, *base: bytes) -> Image:
    return Image((name,), (*base, file_layer({place: source}, {})), {"Entrypoint": [place]})


def images() -> dict[str, Image]:
    box = tree_layer(busybox_tree())
    metallb = f"quay.io/metallb/{{}}:v{os.environ['METALLB_VERSION']}"
    ingress = f"registry.k8s.io/ingress-nginx/controller:v{os.environ['INGRESS_NGINX_VERSION']}"
    traefik = f"docker.io/library/traefik:v{os.environ['TRAEFIK_VERSION']}"
    certgen = os.environ["CERTGEN_IMAGE"]
    return kubernetes_images() | {
        "busybox": Image(("docker.io/library/busybox:1.31.0",), (box,), {"Cmd": ["sh"]}),
        "web": program_image("docker.io/austinsky/example-go-httpd-alpine:v0.0.1", "/web", PROGRAMS / "web", box),
        "metallb-controller": program_image(metallb.format("controller"), "/controller", METALLB / "controller"),
        "metallb-speaker": program_image(metallb.format("speaker"), "/speaker", METALLB / "speaker"),
        "ingress-nginx": Image(
            (ingress,),
            (tree_layer(INGRESS, keep_owners=True),),
            {
                "User": "www-data",
                "WorkingDir": "/etc/nginx",
                "Entrypoint": ["/usr/bin/dumb-init", "--"],
                "Cmd": ["/nginx-ingress-controller"],
            },
        ),
        # Upstream's image has a shell and wget, too: Alpine's busybox.
        "traefik": program_image(traefik, "/usr/local/bin/traefik", TRAEFIK, box),
        "certgen": program_image(certgen, "/kube-webhook-certgen", PROGRAMS / "certgen", box),
        "dashboard": Image(
            (os.environ["DASHBOARD_IMAGE"],),
            (tree_layer(DASHBOARD),),
            {"Env": ["PYTHONPATH=/app"], "Entrypoint": ["/usr/bin/python3", "/app/behind_a_path.py"]},
        ),
    }


def main() -> None:
    WORK.mkdir()
    pathlib.Path("docker").mkdir()
    for name, image in images().items():
        image.write(pathlib.Path(f"{name}.tar"))
        print(name, *image.names, flush=True)
    shutil.rmtree(WORK)


if __name__ == "__main__":
    main()
