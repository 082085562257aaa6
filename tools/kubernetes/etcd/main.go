// SPDX-License-Identifier: Apache-2.0

// Command etcd is etcd's server as it comes from its module.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
