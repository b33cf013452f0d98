package testdb

import "os"

// longVariable names the environment variable that makes tests thorough.
const longVariable = "SOFTDELETE_LONG"

// Long is true where tests with no end of their own, random histories and the like, shall go on for longer: because the
// environment variable SOFTDELETE_LONG is set to anything.
func Long() bool { return os.Getenv(longVariable) != "" }
