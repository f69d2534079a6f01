// Copyright (c) 2026, the kuber.network authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The homework's web server (image austinsky/example-go-httpd-alpine): serves the files of /app on port 8000.
package main

import (
	"log"
	"net/http"
)

func main() {
	log.Fatal(http.ListenAndServe(":8000", http.FileServer(http.Dir("/app"))))
}
