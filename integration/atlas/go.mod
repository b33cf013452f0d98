module github.com/gorm-softdelete/softdelete/integration/atlas

go 1.26

replace (
	github.com/googleapis/go-gorm-spanner => ./testdata/spanner
	github.com/gorm-softdelete/softdelete => ../..
	github.com/mattn/go-sqlite3 => github.com/mattn/go-sqlite3 v1.14.22 // which is compiled for all other modules anyway
)

require (
	ariga.io/atlas-provider-gorm v0.6.1
	github.com/gorm-softdelete/softdelete v0.0.0-00010101000000-000000000000
	github.com/stretchr/testify v1.12.1
	gorm.io/gorm v1.31.2
)

require (
	ariga.io/atlas v0.36.2-0.20250806044935-5bb51a0a956e // indirect
	filippo.io/edwards25519 v1.1.0 // indirect
	github.com/go-sql-driver/mysql v1.8.1 // indirect
	github.com/golang-sql/civil v0.0.0-20220223132316-b832511892a9 // indirect
	github.com/golang-sql/sqlexp v0.1.0 // indirect
	github.com/googleapis/go-gorm-spanner v1.8.6 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/pgx/v5 v5.10.0 // indirect
	github.com/jackc/puddle/v2 v2.2.2 // indirect
	github.com/jinzhu/inflection v1.0.0 // indirect
	github.com/jinzhu/now v1.1.5 // indirect
	github.com/mattn/go-sqlite3 v1.14.28 // indirect
	github.com/microsoft/go-mssqldb v1.7.2 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.41.0 // indirect
	golang.org/x/sync v0.17.0 // indirect
	golang.org/x/text v0.29.0 // indirect
	gorm.io/driver/mysql v1.6.0 // indirect
	gorm.io/driver/postgres v1.6.3 // indirect
	gorm.io/driver/sqlite v1.6.0 // indirect
	gorm.io/driver/sqlserver v1.5.4 // indirect
)
