# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# ingress-nginx's file system from Debian's nginx and the controller's own template and Lua files.
# shellcheck disable=SC2153 # MODULE and FILES come from the environment
# In: APT_SUITE, GO, MODULE (with ingress-nginx in its go.mod), PROGRAMS, FILES (this directory). Out: $1.
set -eu -o pipefail
root=$1
mkdir -p "$root"/usr/{bin,sbin,lib,lib64,local/lib} "$root"/{dev,proc,sys,run,var/log/nginx,etc} debs
mkdir -m 1777 "$root/tmp"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done

(cd debs && "$APT_SUITE" trixie download nginx nginx-common libnginx-mod-http-ndk libnginx-mod-http-lua \
  libnginx-mod-http-headers-more-filter libnginx-mod-http-set-misc libnginx-mod-http-subs-filter \
  libnginx-mod-http-brotli-filter libnginx-mod-http-brotli-static libnginx-mod-http-geoip2 libbrotli1 libmaxminddb0 \
  libluajit-5.1-2 libgcc-s1 lua-resty-core lua-resty-lrucache lua-cjson libpcre2-8-0 libssl3t64 libzstd1 zlib1g \
  libcrypt1 libc6 libmimalloc3 dumb-init ca-certificates busybox-static diffutils)
for package in debs/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink --no-same-owner \
    --exclude='./usr/share/doc*' --exclude='./usr/share/man*' --exclude='./usr/share/l[io]*' --exclude=./usr/share/vim \
    --exclude=./usr/share/bug --exclude=./usr/share/apport --exclude=./usr/share/nginx --exclude=./usr/share/gcc \
    --exclude=./usr/lib/systemd --exclude=./usr/lib/python3 --exclude='*/gconv' --exclude=./etc/init.d --exclude=./etc/default \
    --exclude=./etc/logrotate.d --exclude=./etc/ufw --exclude='./etc/nginx/nginx.conf' --exclude='./etc/nginx/*-*'
done
rm -rf debs "$root"/usr/lib/nginx/modules/*stream*
mkdir -p "$root/etc/ssl/certs"
cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
rm -rf "$root/usr/share/ca-certificates"
for name in sh cat ls ps sleep grep sed id env mkdir rm cp kill; do
  [ -e "$root/usr/bin/$name" ] || ln -s busybox "$root/usr/bin/$name"
done

# the user of the official image, whose manifest runs it as uid 101
printf '%s\n' root:x:0:0:root:/root:/bin/sh www-data:x:101:82:www-data:/usr/local/nginx:/sbin/nologin >"$root/etc/passwd"
printf '%s\n' root:x:0: www-data:x:82:www-data >"$root/etc/group"
printf '%s\n' 'hosts: files dns' 'passwd: files' 'group: files' >"$root/etc/nsswitch.conf"

# The controller may have been compiled long ago, and Go's cache emptied since.
(cd "$MODULE" && PATH="$GO:$PATH" go mod download k8s.io/ingress-nginx)
module=$(cd "$MODULE" && PATH="$GO:$PATH" go list -m -f '{{.Dir}}' k8s.io/ingress-nginx)
cp -r "$module/rootfs/etc/nginx/." "$root/etc/nginx/"
chmod -R u+w "$root/etc/nginx"
rm -rf "$root/etc/nginx/lua/test"
ln -sfn /usr/lib/nginx/modules "$root/etc/nginx/modules"
ln -sfn ../sbin/nginx "$root/usr/bin/nginx"
mkdir -p "$root"/usr/local/{nginx/sbin,share/lua/5.1}
ln -sfn /usr/sbin/nginx "$root/usr/local/nginx/sbin/nginx"
cp -r "$FILES/ingress/lua/resty" "$root/usr/local/share/lua/5.1/"
python3 "$FILES/ingress/adapt_template.py" "$root/etc/nginx/template/nginx.tmpl"
ln -sf /usr/lib/x86_64-linux-gnu/libmimalloc.so.3 "$root/usr/local/lib/libmimalloc.so" # the stock manifest preloads it

touch "$root"/etc/{resolv.conf,hosts}
mkdir -p "$root"/etc/ingress-controller/{ssl,auth,geoip,telemetry} "$root"/{tmp/nginx,var/lib/nginx,usr/local/certificates}
ln -sf /dev/stdout "$root/var/log/nginx/access.log"
ln -sf /dev/stderr "$root/var/log/nginx/error.log"
chown -R 101:82 "$root"/etc/{nginx,ingress-controller} "$root/var/log/nginx" "$root/tmp/nginx" "$root/var/lib/nginx"
install -m 755 "$PROGRAMS/nginx-ingress-controller" "$root/"
for program in usr/sbin/nginx usr/bin/dumb-init nginx-ingress-controller; do
  setcap cap_net_bind_service=+ep "$root/$program" # the pod runs without privileges but for this one
done
for library in "$root"/usr/sbin/nginx "$root"/usr/lib/nginx/modules/*.so; do
  missing=$(chroot "$root" /lib64/ld-linux-x86-64.so.2 --list "${library#"$root"}" | grep 'not found' || true)
  [ -z "$missing" ] || { echo "$library: $missing" >&2; exit 1; }
done
