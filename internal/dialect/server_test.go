package dialect_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// read gives what a dialect makes of what a server says.
func read(t *testing.T, dialector gorm.Dialector, text string) (dialect.Version, error) {
	t.Helper()
	d, err := dialect.Of(dialector)
	require.NoError(t, err)
	return d.ReadServer(text)
}

func TestServersThatAreBuiltFromPostgreSQLsSourcesAreKnown(t *testing.T) {
	for text, want := range map[string]string{
		"PostgreSQL 15.20 (Debian 15.20-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14+deb12u1) 12.2.0, 64-bit": "15.20",
		"PostgreSQL 12.22 on x86_64-pc-linux-musl, compiled by gcc (Alpine 14.2.0) 14.2.0, 64-bit":                                    "12.22",
		"PostgreSQL 16.4 (Homebrew) on aarch64-apple-darwin23.4.0, compiled by Apple clang version 15.0.0, 64-bit":                    "16.4",
		"PostgreSQL 15.4 - Percona Distribution on x86_64-pc-linux-gnu, compiled by gcc (GCC) 8.5.0, 64-bit":                          "15.4",
		"PostgreSQL 16.1, compiled by Visual C++ build 1937, 64-bit":                                                                  "16.1",
		"PostgreSQL 17.0 on x86_64-windows, compiled by msvc-19.41.34120, 64-bit":                                                     "17",
		"PostgreSQL 18beta1 on x86_64-pc-linux-gnu, compiled by gcc 13.3.0, 64-bit":                                                   "18",
		"PostgreSQL 19devel on aarch64-unknown-linux-gnu, compiled by clang 18.1.3, 64-bit":                                           "19",
		// Services: Aurora and RDS, Cloud SQL and AlloyDB, Neon, Supabase; Timescale and Citus are extensions.
		"PostgreSQL 15.4 on x86_64-pc-linux-gnu, compiled by x86_64-pc-linux-gnu-gcc (GCC) 9.5.0, 64-bit":        "15.4",
		"PostgreSQL 14.4 on x86_64-pc-linux-gnu, compiled by Debian clang version 12.0.1, 64-bit":                "14.4",
		"PostgreSQL 17.5 (6bc9ef8) on aarch64-unknown-linux-gnu, compiled by gcc (Debian 12.2.0) 12.2.0, 64-bit": "17.5",
		"PostgreSQL 17.6 on aarch64-unknown-linux-gnu, compiled by gcc (GCC) 15.2.0, 64-bit":                     "17.6",
	} {
		version, err := read(t, postgres.Open(""), text)
		require.NoError(t, err, text)
		require.Equal(t, want, version.String(), text)
	}
}

func TestServersThatOnlySpeakLikePostgreSQLAreNamed(t *testing.T) {
	for text, name := range map[string]string{
		"CockroachDB CCL v23.2.5 (x86_64-pc-linux-gnu, built 2024/05/02 15:10:33, go1.21.8)":                                                                          "CockroachDB",
		"PostgreSQL 11.2-YB-2.18.0.0-b0 on x86_64-pc-linux-gnu, compiled by clang version 15.0.3, 64-bit":                                                             "YugabyteDB",
		"PostgreSQL 15.12-YB-2.25.2.0-b0 on x86_64-pc-linux-gnu, compiled by clang version 19.1.0, 64-bit":                                                            "YugabyteDB",
		"PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.77":                                      "Amazon Redshift",
		"PostgreSQL 9.4.26 (Greenplum Database 6.25.3 build commit:367edc6b) on x86_64-unknown-linux-gnu, compiled by gcc (GCC) 6.4.0, 64-bit compiled on Oct 4 2023": "Greenplum",
		"PostgreSQL 12.12 (Greenplum Database 7.1.0 build commit:e7c2b1f) on x86_64-pc-linux-gnu, compiled by gcc (GCC) 8.5.0, 64-bit":                                "Greenplum",
		"PostgreSQL 14.4 (Apache Cloudberry 2.0.0 build 1) on x86_64-pc-linux-gnu, compiled by gcc (GCC) 11.5.0, 64-bit":                                              "Apache Cloudberry",
		"PostgreSQL 17.4 (EnterpriseDB Advanced Server 17.4.0) on x86_64-pc-linux-gnu, compiled by gcc (GCC) 11.5.0, 64-bit":                                          "EDB Postgres Advanced Server",
		"PostgreSQL 9.5 on x86_64-unknown-linux-gnu (Materialize 26.36.0)":                                                                                            "Materialize",
		"PostgreSQL 13.14.0-RisingWave-2.1.0 (391c3a16ef26d0cd86d1236c9b7c122a9a27fb1e)":                                                                              "RisingWave",
		"PostgreSQL 16.3 compatible CedarDB v2025-08-20":                                                                                                              "CedarDB",
		"PostgreSQL 12.3, compiled by Visual C++ build 1914, 64-bit, QuestDB":                                                                                         "QuestDB",
		"PostgreSQL 9.2.4 (openGauss 2.0.0 build 78689da9) compiled at 2021-03-31, compiled by g++ (GCC) 7.3.0, 64-bit":                                               "openGauss",
		// Nobody has told us of these.
		"PostgreSQL 16": `"PostgreSQL 16"`,
		"SomeDB 1.0":    `"SomeDB 1.0"`,
		"PostgreSQL 14.7-Other-3 on x86_64-pc-linux-gnu, compiled by gcc 13.3.0, 64-bit": `"PostgreSQL 14.7-Other-3 on x86_64-pc-linux-gnu, compiled by gcc 13.3.0, 64-bit"`,
	} {
		_, err := read(t, postgres.Open(""), text)
		require.ErrorContains(t, err, "the server is "+name+", not PostgreSQL: ", text)
		require.ErrorContains(t, err, "use PostgreSQL 12 or later")
	}
}

func TestServersThatAreTooOldAreToldTheirVersion(t *testing.T) {
	_, err := read(t, postgres.Open(""), "PostgreSQL 11.22 on x86_64-pc-linux-gnu, compiled by gcc 12.2.0, 64-bit")
	require.EqualError(t, err, "the server is PostgreSQL 11.22; softdelete needs PostgreSQL 12 or later: upgrade it")
	_, err = read(t, sqlite.Open(""), "3.37.2")
	require.EqualError(t, err, "SQLite is version 3.37.2; softdelete needs 3.38 or later: use a newer driver")
	_, err = read(t, sqlite.Open(""), "four")
	require.ErrorContains(t, err, `the version "four"`)
	for text, want := range map[string]string{"3.38.0": "3.38", "3.46.1": "3.46", "3.50": "3.50", "4.0.0": "4"} {
		version, err := read(t, sqlite.Open(""), text)
		require.NoError(t, err)
		require.Equal(t, want, version.String())
	}
}
