-- Find
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- Find by a deleted row's key
SELECT * FROM `path_users` WHERE `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- 3

-- Find of a value with the key of a deleted row
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL AND `path_users`.`id` = ?;  -- 3

-- First
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 1

-- First by a deleted row's key
SELECT * FROM `path_users` WHERE `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 1, 3

-- Last
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` DESC LIMIT ?;  -- 1

-- Take
SELECT * FROM `path_users` WHERE name = ? AND `path_users`.`deleted_at` IS NULL LIMIT ?;  -- 'cid', 1

-- Count
SELECT count(*) FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- Count of distinct values
SELECT COUNT(DISTINCT(`name`)) FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- Count of groups
SELECT count(*) FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL GROUP BY `name`;

-- Pluck
SELECT `name` FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- Row
SELECT count(*) FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- Rows
SELECT `name` FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- Scan
SELECT `id`,`name` FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- Find into a smaller struct
SELECT `path_users`.`id`,`path_users`.`name` FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- Find into maps
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- Distinct
SELECT DISTINCT `age` FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- Group and Having
SELECT `name` FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL GROUP BY `name` HAVING count(*) = 1 OR name = ?;  -- 'cid'

-- FindInBatches
SELECT * FROM `path_users` WHERE age > 0 AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 2
SELECT * FROM `path_users` WHERE age > 0 AND `path_users`.`id` > ? AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 2, 2

-- FirstOrInit of a deleted row's values
SELECT * FROM `path_users` WHERE `path_users`.`name` = ? AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 'cid', 1

-- FirstOrInit keeps the values beside an OR
SELECT * FROM `path_users` WHERE ((age) = 30 or(age) = 40) AND `path_users`.`name` = ? AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 'cid', 1

-- Unscoped
SELECT * FROM `path_users`;

-- WithDeleted
SELECT * FROM `path_users`;

-- OnlyDeleted
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NOT NULL;

-- a status model
SELECT `name` FROM `path_pets` WHERE `path_pets`.`status` <> 'gone';

-- OnlyDeleted of a status model
SELECT `name` FROM `path_pets` WHERE `path_pets`.`status` = 'gone';

-- a sub-query of a model
SELECT * FROM `path_users` WHERE company_id IN (SELECT `id` FROM `path_companies` WHERE `path_companies`.`deleted_at` IS NULL) AND `path_users`.`deleted_at` IS NULL;

-- a sub-query of a model in an Unscoped query
SELECT * FROM `path_users` WHERE company_id IN (SELECT `id` FROM `path_companies` WHERE `path_companies`.`deleted_at` IS NULL);

-- a sub-query that is Unscoped
SELECT * FROM `path_users` WHERE company_id IN (SELECT `id` FROM `path_companies`) AND `path_users`.`deleted_at` IS NULL;

-- a sub-query of a model with an OR that GORM does not see
SELECT * FROM `path_users` WHERE company_id IN (SELECT `id` FROM `path_companies` WHERE (id = 1
OR
id = 2 or(id = 3)) AND `path_companies`.`deleted_at` IS NULL) AND `path_users`.`deleted_at` IS NULL;

-- a sub-query of a table is not rewritten
SELECT * FROM `path_users` WHERE company_id IN (SELECT id FROM `path_companies`) AND `path_users`.`deleted_at` IS NULL;

-- a sub-query of a table with Live
SELECT * FROM `path_users` WHERE company_id IN (SELECT id FROM `path_companies` WHERE (`path_companies`.`deleted_at` IS NULL)) AND `path_users`.`deleted_at` IS NULL;

-- FOR UPDATE
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL FOR UPDATE;

-- Or
SELECT * FROM `path_users` WHERE (age = ? OR age = ?) AND `path_users`.`deleted_at` IS NULL;  -- 30, 40

-- Or alone
SELECT * FROM `path_users` WHERE age = ? AND `path_users`.`deleted_at` IS NULL;  -- 30

-- Or, Where
SELECT * FROM `path_users` WHERE (name = 'bob' OR age = 40 OR age = 30) AND `path_users`.`deleted_at` IS NULL;

-- Or of a group
SELECT * FROM `path_users` WHERE (age = 30 OR (age = 40 AND name = 'bob')) AND `path_users`.`deleted_at` IS NULL;

-- a raw OR
SELECT * FROM `path_users` WHERE (age = ? OR age = ?) AND `path_users`.`deleted_at` IS NULL;  -- 30, 40

-- a raw OR between newlines
SELECT * FROM `path_users` WHERE (age = ?
OR
age = ?) AND `path_users`.`deleted_at` IS NULL;  -- 30, 40

-- a raw OR between tabs
SELECT * FROM `path_users` WHERE (age = ?	or	age = ?) AND `path_users`.`deleted_at` IS NULL;  -- 30, 40

-- a raw OR before a parenthesis
SELECT * FROM `path_users` WHERE (age = ? or(age = ?)) AND `path_users`.`deleted_at` IS NULL;  -- 30, 40

-- a raw OR after a parenthesis
SELECT * FROM `path_users` WHERE ((age = ?)OR age = ?) AND `path_users`.`deleted_at` IS NULL;  -- 30, 40

-- a raw OR between comments
SELECT * FROM `path_users` WHERE (age = ?/**/OR/**/age = ?) AND `path_users`.`deleted_at` IS NULL;  -- 30, 40

-- a raw OR with named values
SELECT * FROM `path_users` WHERE (age = ?
OR
age = ?) AND `path_users`.`deleted_at` IS NULL;  -- 30, 40

-- a raw OR inside Not
SELECT * FROM `path_users` WHERE NOT (age = 20
OR
age = 30) AND `path_users`.`deleted_at` IS NULL;

-- a raw OR inside a group
SELECT * FROM `path_users` WHERE (age = 30
OR
age = 40) AND `path_users`.`deleted_at` IS NULL;

-- a raw OR inside clause.And
SELECT * FROM `path_users` WHERE (age = 30 OR age = 40) AND `path_users`.`deleted_at` IS NULL;

-- a raw OR in an expression that is a value
SELECT * FROM `path_users` WHERE (age = 30 OR age = 40) AND `path_users`.`deleted_at` IS NULL;

-- a raw OR in an expression that a column is compared with
SELECT * FROM `path_users` WHERE (`path_users`.`age` = 30 OR age = 40) AND `path_users`.`deleted_at` IS NULL;

-- a raw OR in an expression of the caller's own type
SELECT * FROM `path_users` WHERE (age = 30 OR age = 40) AND `path_users`.`deleted_at` IS NULL;

-- a raw OR in a raw column
SELECT * FROM `path_users` WHERE (age = 30 OR age = ?) AND `path_users`.`deleted_at` IS NULL;  -- 40

-- a raw condition that ends in a comment
SELECT * FROM `path_users` WHERE (age = 30 -- thirty
) AND `path_users`.`deleted_at` IS NULL;

-- a raw OR in a scope
SELECT * FROM `path_users` WHERE (age = 30
or
age = 40) AND `path_users`.`deleted_at` IS NULL;

-- a raw OR as Find's condition
SELECT * FROM `path_users` WHERE (age = 30
OR
age = 40) AND `path_users`.`deleted_at` IS NULL;

-- a raw OR on a status model
SELECT `name` FROM `path_pets` WHERE (name = 'old'
OR
name = 'rex') AND `path_pets`.`status` <> 'gone';

-- Joins
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL WHERE `path_users`.`deleted_at` IS NULL;

-- InnerJoins
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` INNER JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL WHERE `path_users`.`deleted_at` IS NULL;

-- Joins of a nested relation
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at`,`Company__Owner`.`id` AS `Company__Owner__id`,`Company__Owner`.`name` AS `Company__Owner__name`,`Company__Owner`.`deleted_at` AS `Company__Owner__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL LEFT JOIN `path_owners` `Company__Owner` ON `Company`.`owner_id` = `Company__Owner`.`id` AND `Company__Owner`.`deleted_at` IS NULL WHERE `path_users`.`deleted_at` IS NULL;

-- Joins of a relation and a nested one
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at`,`Company__Owner`.`id` AS `Company__Owner__id`,`Company__Owner`.`name` AS `Company__Owner__name`,`Company__Owner`.`deleted_at` AS `Company__Owner__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL LEFT JOIN `path_owners` `Company__Owner` ON `Company`.`owner_id` = `Company__Owner`.`id` AND `Company__Owner`.`deleted_at` IS NULL WHERE `path_users`.`deleted_at` IS NULL;

-- Joins with a condition
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND (`Company`.`deleted_at` IS NULL AND `Company`.`name` = ?) WHERE `path_users`.`deleted_at` IS NULL;  -- 'core'

-- Joins with Or
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND (`Company`.`deleted_at` IS NULL AND (`Company`.`id` = 1 OR `Company`.`id` = 2)) WHERE `path_users`.`deleted_at` IS NULL;

-- Joins with a raw OR between newlines
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND (`Company`.`deleted_at` IS NULL AND (`Company`.`id` = ?
OR
`Company`.`id` = ?)) WHERE `path_users`.`deleted_at` IS NULL;  -- 1, 2

-- InnerJoins with Or
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` INNER JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND (`Company`.`deleted_at` IS NULL AND (`Company`.`id` = 1 OR `Company`.`id` = 2)) WHERE `path_users`.`deleted_at` IS NULL;

-- Joins and a raw OR of the statement's own
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL WHERE (path_users.age = 30
OR
path_users.age = 40) AND `path_users`.`deleted_at` IS NULL;

-- Joins with Unscoped
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` WHERE `path_users`.`deleted_at` IS NULL;

-- Joins with Unscoped and a condition
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`name` = ? WHERE `path_users`.`deleted_at` IS NULL;  -- 'bust'

-- Joins of a nested relation with Unscoped
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at`,`Company__Owner`.`id` AS `Company__Owner__id`,`Company__Owner`.`name` AS `Company__Owner__name`,`Company__Owner`.`deleted_at` AS `Company__Owner__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL LEFT JOIN `path_owners` `Company__Owner` ON `Company`.`owner_id` = `Company__Owner`.`id` WHERE `path_users`.`deleted_at` IS NULL;

-- Joins with WithDeleted
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` WHERE `path_users`.`deleted_at` IS NULL;

-- WithDeletedIn, Joins
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` WHERE `path_users`.`deleted_at` IS NULL;

-- WithDeletedIn of a nested relation, Joins
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at`,`Company__Owner`.`id` AS `Company__Owner__id`,`Company__Owner`.`name` AS `Company__Owner__name`,`Company__Owner`.`deleted_at` AS `Company__Owner__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL LEFT JOIN `path_owners` `Company__Owner` ON `Company`.`owner_id` = `Company__Owner`.`id` WHERE `path_users`.`deleted_at` IS NULL;

-- WithDeletedIn of both, Joins
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at`,`Company__Owner`.`id` AS `Company__Owner__id`,`Company__Owner`.`name` AS `Company__Owner__name`,`Company__Owner`.`deleted_at` AS `Company__Owner__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` LEFT JOIN `path_owners` `Company__Owner` ON `Company`.`owner_id` = `Company__Owner`.`id` WHERE `path_users`.`deleted_at` IS NULL;

-- Unscoped, Joins
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id`;

-- WithDeleted, Joins
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id`;

-- OnlyDeleted, Joins
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` WHERE `path_users`.`deleted_at` IS NOT NULL;

-- Count of Joins
SELECT count(*) FROM `path_users` INNER JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL WHERE `path_users`.`deleted_at` IS NULL;

-- First of Joins
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL WHERE `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 1, 2

-- Pluck of Joins
SELECT `Company`.`name` FROM `path_users` INNER JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL WHERE `path_users`.`deleted_at` IS NULL;

-- a join as text is not rewritten
SELECT `c`.`name` FROM `path_users` JOIN path_companies c ON c.id = path_users.company_id WHERE `path_users`.`deleted_at` IS NULL;

-- a join as text with Live
SELECT `c`.`name` FROM `path_users` JOIN path_companies c ON c.id = path_users.company_id AND (`c`.`deleted_at` IS NULL) WHERE `path_users`.`deleted_at` IS NULL;

-- a join as text with an OR and Live
SELECT `c`.`name` FROM `path_users` JOIN path_companies c ON (c.id = path_users.company_id OR c.id = 0) AND (`c`.`deleted_at` IS NULL) WHERE `path_users`.`deleted_at` IS NULL;

-- a join as text of links with Live
SELECT `r`.`name` FROM `path_users` JOIN path_user_roles l ON l.path_user_id = path_users.id AND (`l`.`deleted_at` IS NULL) JOIN path_roles r ON r.id = l.path_role_id AND (`r`.`deleted_at` IS NULL) WHERE path_users.id = 1 AND `path_users`.`deleted_at` IS NULL;

-- a clause.Join with Live
SELECT `c`.`name` FROM `path_users` JOIN `path_companies` `c` ON `c`.`id` = `path_users`.`company_id` AND (`c`.`deleted_at` IS NULL) WHERE `path_users`.`deleted_at` IS NULL;

-- Table with an alias
SELECT * FROM path_users u WHERE `u`.`deleted_at` IS NULL;

-- Table with AS
SELECT * FROM path_users AS u WHERE `u`.`deleted_at` IS NULL;

-- Table with an alias, and a condition on it
SELECT * FROM path_users AS u WHERE u.age = 30 AND `u`.`deleted_at` IS NULL;

-- Table with an alias, and a model
SELECT count(*) FROM path_users u WHERE `u`.`deleted_at` IS NULL;

-- Table with a quoted alias
SELECT * FROM `path_users` `u` WHERE `u`.`deleted_at` IS NULL;

-- Table with AS and a quoted alias
SELECT * FROM `path_users` AS `u` WHERE `u`.`deleted_at` IS NULL;

-- Table with AS in lower case and a quoted alias
SELECT * FROM path_users as `u` WHERE `u`.`deleted_at` IS NULL;

-- Table with a quoted alias of several words
SELECT * FROM `path_users` AS `the users` WHERE `the users`.`deleted_at` IS NULL;

-- First of Table with a quoted alias
SELECT * FROM `path_users` AS `u` WHERE `u`.`deleted_at` IS NULL ORDER BY `u`.`id` LIMIT ?;  -- 1

-- Table of a sub-query
SELECT * FROM (SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL) AS u WHERE `u`.`deleted_at` IS NULL;

-- Unscoped Table of a sub-query without the deletion column
SELECT * FROM (SELECT `id`,`name` FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL) AS u;

-- Table of a sub-query with a quoted alias
SELECT * FROM (SELECT `id`,`name`,`age`,`deleted_at` FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL) AS `u` WHERE age = 30 AND `u`.`deleted_at` IS NULL;

-- Table of an Unscoped sub-query
SELECT * FROM (SELECT * FROM `path_users`) AS u WHERE `u`.`deleted_at` IS NULL;

-- Table of a sub-query beside another
SELECT u.* FROM (SELECT * FROM `path_users`) as u, (SELECT id AS cid FROM `path_companies` WHERE id = 1 AND `path_companies`.`deleted_at` IS NULL) as c WHERE `u`.`deleted_at` IS NULL;

-- OnlyDeleted, Table of an Unscoped sub-query
SELECT * FROM (SELECT * FROM `path_users`) AS u WHERE `u`.`deleted_at` IS NOT NULL;

-- WithDeleted, Table of an Unscoped sub-query
SELECT * FROM (SELECT * FROM `path_users`) AS u;

-- Unscoped, OnlyDeleted
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NOT NULL;

-- Table of a sub-query without a model
SELECT * FROM (SELECT * FROM `path_users`) AS u WHERE `u`.`deleted_at` IS NULL;

-- Table of a raw sub-query
SELECT * FROM (SELECT * FROM path_users) AS u WHERE `u`.`deleted_at` IS NULL;

-- Table of the users beside another
SELECT path_users.* FROM path_users, path_companies AS c WHERE c.id = 1 AND `path_users`.`deleted_at` IS NULL;

-- Table of the users with a join
SELECT path_users.* FROM path_users JOIN path_companies AS c ON c.id = path_users.company_id WHERE c.deleted_at IS NULL AND `path_users`.`deleted_at` IS NULL;

-- Table of the users behind another
SELECT path_users.* FROM path_companies AS c, path_users WHERE (c.id = 1 AND age = 30) AND `path_users`.`deleted_at` IS NULL;

-- Table of the users joined to another
SELECT u.* FROM path_companies c JOIN path_users u ON c.id = u.company_id WHERE c.deleted_at IS NULL AND `u`.`deleted_at` IS NULL;

-- Table of the users joined to another, quoted
SELECT u.* FROM `path_companies` AS `c` LEFT JOIN `path_users` AS `u` ON `c`.`id` = `u`.`company_id` WHERE c.deleted_at IS NULL AND `u`.`deleted_at` IS NULL;

-- Table of the users behind a sub-query
SELECT u.* FROM (SELECT id AS cid FROM `path_companies` WHERE id = 1 AND `path_companies`.`deleted_at` IS NULL) AS c JOIN path_users AS u ON u.company_id = c.cid WHERE `u`.`deleted_at` IS NULL;

-- Table of the users beside a sub-query
SELECT u.* FROM path_users AS u, (SELECT id AS cid FROM `path_companies` WHERE id = 1 AND `path_companies`.`deleted_at` IS NULL) AS c WHERE `u`.`deleted_at` IS NULL;

-- Table without a model is not rewritten: maps
SELECT * FROM `path_users`;

-- Table without a model is not rewritten: a smaller struct
SELECT * FROM `path_users`;

-- Table without a model is not rewritten: Count
SELECT count(*) FROM `path_users`;

-- Table without a model, with Live
SELECT `name` FROM `path_users` WHERE (`path_users`.`deleted_at` IS NULL);

-- Table without a model, with Live beside an OR
SELECT `name` FROM path_users AS u WHERE (age = 30 OR age = 40) AND (`u`.`deleted_at` IS NULL);

-- Table without a model, with Live inside Not
SELECT `name` FROM `path_users` WHERE NOT (`path_users`.`deleted_at` IS NULL);

-- Raw is not rewritten
SELECT * FROM path_users;

-- Raw and Find is not rewritten
SELECT * FROM path_users;

-- Raw with Live
SELECT * FROM path_users u WHERE (`u`.`deleted_at` IS NULL);

-- Exec is not rewritten
UPDATE path_users SET age = age + ?;  -- 1

-- Exec with Live
UPDATE path_users SET age = ? WHERE age = ? AND (`path_users`.`deleted_at` IS NULL);  -- 31, 30

-- Delete from Table without a model is not rewritten
DELETE FROM `path_pets` WHERE id = 3;

-- Delete from Table of a smaller struct is not rewritten
SELECT CASE WHEN table_schema = DATABASE() THEN table_name ELSE CONCAT(table_schema, '.', table_name) END FROM information_schema.tables WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?;  -- 'softdelete_holds', NULL
DELETE FROM `path_users` WHERE id = 4;

-- Delete of a model from Table
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (id = 4) AND `path_users`.`deleted_at` IS NULL LIMIT 101;
UPDATE `path_users` SET `deleted_at`=? WHERE id = 4 AND `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 4

-- Update of Table without a model is not rewritten
UPDATE `path_users` SET `age`=? WHERE age = 30;  -- 31

-- Preload of a belongs-to
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_companies` WHERE `path_companies`.`id` IN (?,?,?) AND `path_companies`.`deleted_at` IS NULL;  -- 1, 2, 3

-- Preload of a nested relation
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_companies` WHERE `path_companies`.`id` IN (?,?,?) AND `path_companies`.`deleted_at` IS NULL;  -- 1, 2, 3
SELECT * FROM `path_owners` WHERE `path_owners`.`id` IN (?,?) AND `path_owners`.`deleted_at` IS NULL;  -- 1, 2

-- Preload of a has-many
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?) AND `path_pets`.`status` <> 'gone';  -- 1, 2, 4

-- Preload of a many2many
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_user_roles` WHERE `path_user_roles`.`path_user_id` IN (?,?,?) AND `path_user_roles`.`deleted_at` IS NULL;  -- 1, 2, 4
SELECT * FROM `path_roles` WHERE `path_roles`.`id` IN (?,?) AND `path_roles`.`deleted_at` IS NULL;  -- 1, 2

-- Preload of all associations
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_companies` WHERE `path_companies`.`id` IN (?,?,?) AND `path_companies`.`deleted_at` IS NULL;  -- 1, 2, 3
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?) AND `path_pets`.`status` <> 'gone';  -- 1, 2, 4
SELECT * FROM `path_user_roles` WHERE `path_user_roles`.`path_user_id` IN (?,?,?) AND `path_user_roles`.`deleted_at` IS NULL;  -- 1, 2, 4
SELECT * FROM `path_roles` WHERE `path_roles`.`id` IN (?,?) AND `path_roles`.`deleted_at` IS NULL;  -- 1, 2

-- Preload with a raw OR between newlines
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?) AND (name = 'rex'
OR
name = 'old') AND `path_pets`.`status` <> 'gone';  -- 1, 2, 4

-- Preload of a many2many with a raw OR
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_user_roles` WHERE `path_user_roles`.`path_user_id` IN (?,?,?) AND `path_user_roles`.`deleted_at` IS NULL;  -- 1, 2, 4
SELECT * FROM `path_roles` WHERE `path_roles`.`id` IN (?,?) AND (name = 'admin' or(name <> '')) AND `path_roles`.`deleted_at` IS NULL;  -- 1, 2

-- Preload with a function with Or
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_pets` WHERE (`path_pets`.`user_id` IN (?,?,?) AND name = 'rex' OR name = 'old') AND `path_pets`.`status` <> 'gone';  -- 1, 2, 4

-- Unscoped, Preload
SELECT * FROM `path_users`;
SELECT * FROM `path_companies` WHERE `path_companies`.`id` IN (?,?,?);  -- 1, 2, 3
SELECT * FROM `path_owners` WHERE `path_owners`.`id` IN (?,?);  -- 1, 2

-- Unscoped, Preload of a many2many
SELECT * FROM `path_users`;
SELECT * FROM `path_user_roles` WHERE `path_user_roles`.`path_user_id` IN (?,?,?,?);  -- 1, 2, 3, 4
SELECT * FROM `path_roles` WHERE `path_roles`.`id` IN (?,?,?);  -- 1, 2, 3

-- WithDeleted, Preload of a many2many
SELECT * FROM `path_users`;
SELECT * FROM `path_user_roles` WHERE `path_user_roles`.`path_user_id` IN (?,?,?,?);  -- 1, 2, 3, 4
SELECT * FROM `path_roles` WHERE `path_roles`.`id` IN (?,?,?);  -- 1, 2, 3

-- OnlyDeleted, Preload
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NOT NULL;
SELECT * FROM `path_companies` WHERE `path_companies`.`id` = ?;  -- 1
SELECT * FROM `path_user_roles` WHERE `path_user_roles`.`path_user_id` = ?;  -- 3
SELECT * FROM `path_roles` WHERE `path_roles`.`id` = ?;  -- 1

-- WithDeletedIn, Preload
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_companies` WHERE `path_companies`.`id` IN (?,?,?) AND name = 'core' AND `path_companies`.`deleted_at` IS NULL;  -- 1, 2, 3
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?);  -- 1, 2, 4

-- WithDeletedIn, Preload of a many2many
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_user_roles` WHERE `path_user_roles`.`path_user_id` IN (?,?,?);  -- 1, 2, 4
SELECT * FROM `path_roles` WHERE `path_roles`.`id` IN (?,?,?);  -- 1, 2, 3

-- WithDeletedIn of a nested relation, Preload
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_companies` WHERE `path_companies`.`id` IN (?,?,?) AND `path_companies`.`deleted_at` IS NULL;  -- 1, 2, 3
SELECT * FROM `path_owners` WHERE `path_owners`.`id` IN (?,?);  -- 1, 2

-- Preload with a function that is Unscoped
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?);  -- 1, 2, 4

-- Preload with a function WithDeleted
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?);  -- 1, 2, 4

-- Preload with a function OnlyDeleted
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?) AND `path_pets`.`status` = 'gone';  -- 1, 2, 4

-- Preload of all associations with a function that is Unscoped
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_companies` WHERE `path_companies`.`id` IN (?,?,?);  -- 1, 2, 3
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?);  -- 1, 2, 4
SELECT * FROM `path_user_roles` WHERE `path_user_roles`.`path_user_id` IN (?,?,?) AND `path_user_roles`.`deleted_at` IS NULL;  -- 1, 2, 4
SELECT * FROM `path_roles` WHERE `path_roles`.`id` IN (?,?);  -- 1, 2

-- Joins and Preload
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_owners` WHERE `path_owners`.`id` IN (?,?) AND `path_owners`.`deleted_at` IS NULL;  -- 1, 2

-- Association Find of a has-many
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` = ? AND `path_pets`.`status` <> 'gone';  -- 1

-- Association Count of a has-many
SELECT count(*) FROM `path_pets` WHERE `path_pets`.`user_id` = ? AND `path_pets`.`status` <> 'gone';  -- 1

-- Association Find of a has-many with a raw OR
SELECT * FROM `path_pets` WHERE (name = 'rex'
OR
name = 'old') AND `path_pets`.`user_id` = ? AND `path_pets`.`status` <> 'gone';  -- 1

-- Association Find of a belongs-to
SELECT * FROM `path_companies` WHERE `path_companies`.`id` = ? AND `path_companies`.`deleted_at` IS NULL;  -- 2

-- Association Find of a many2many
SELECT `path_roles`.`id`,`path_roles`.`name`,`path_roles`.`deleted_at` FROM `path_roles` JOIN `path_user_roles` ON `path_user_roles`.`path_role_id` = `path_roles`.`id` AND `path_user_roles`.`path_user_id` = ? WHERE `path_user_roles`.`deleted_at` IS NULL AND `path_roles`.`deleted_at` IS NULL;  -- 1

-- Association Count of a many2many
SELECT count(*) FROM `path_roles` JOIN `path_user_roles` ON `path_user_roles`.`path_role_id` = `path_roles`.`id` AND `path_user_roles`.`path_user_id` = ? WHERE `path_user_roles`.`deleted_at` IS NULL AND `path_roles`.`deleted_at` IS NULL;  -- 1

-- Association Find of a many2many with a raw OR
SELECT `path_roles`.`id`,`path_roles`.`name`,`path_roles`.`deleted_at` FROM `path_roles` JOIN `path_user_roles` ON `path_user_roles`.`path_role_id` = `path_roles`.`id` AND `path_user_roles`.`path_user_id` = ? WHERE (name = 'admin'
OR
name = 'reader' or(name = 'retired')) AND `path_user_roles`.`deleted_at` IS NULL AND `path_roles`.`deleted_at` IS NULL;  -- 1

-- Association Find of a many2many of several owners
SELECT `path_roles`.`id`,`path_roles`.`name`,`path_roles`.`deleted_at` FROM `path_roles` JOIN `path_user_roles` ON `path_user_roles`.`path_role_id` = `path_roles`.`id` AND `path_user_roles`.`path_user_id` IN (?,?,?) WHERE `path_user_roles`.`deleted_at` IS NULL AND `path_roles`.`deleted_at` IS NULL;  -- 1, 2, 3

-- Association Find of a many2many, Unscoped
SELECT `path_roles`.`id`,`path_roles`.`name`,`path_roles`.`deleted_at` FROM `path_roles` JOIN `path_user_roles` ON `path_user_roles`.`path_role_id` = `path_roles`.`id` AND `path_user_roles`.`path_user_id` = ?;  -- 1

-- Association Count of a many2many, Unscoped
SELECT count(*) FROM `path_roles` JOIN `path_user_roles` ON `path_user_roles`.`path_role_id` = `path_roles`.`id` AND `path_user_roles`.`path_user_id` = ?;  -- 1

-- Association Find of a many2many, OnlyDeleted
SELECT `path_roles`.`id`,`path_roles`.`name`,`path_roles`.`deleted_at` FROM `path_roles` JOIN `path_user_roles` ON `path_user_roles`.`path_role_id` = `path_roles`.`id` AND `path_user_roles`.`path_user_id` = ? WHERE `path_roles`.`deleted_at` IS NOT NULL;  -- 1

-- Association Find of a many2many, WithDeleted
SELECT `path_roles`.`id`,`path_roles`.`name`,`path_roles`.`deleted_at` FROM `path_roles` JOIN `path_user_roles` ON `path_user_roles`.`path_role_id` = `path_roles`.`id` AND `path_user_roles`.`path_user_id` = ?;  -- 1

-- Association Unscoped Find is filtered all the same
SELECT `path_roles`.`id`,`path_roles`.`name`,`path_roles`.`deleted_at` FROM `path_roles` JOIN `path_user_roles` ON `path_user_roles`.`path_role_id` = `path_roles`.`id` AND `path_user_roles`.`path_user_id` = ? WHERE `path_user_roles`.`deleted_at` IS NULL AND `path_roles`.`deleted_at` IS NULL;  -- 1

-- Association Append of a new role
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'writer', NULL, 9
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 9, NULL

-- Association Append of a live link
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'admin', NULL, 1
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 1, NULL

-- Association Append of a deleted link
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 3, NULL

-- Association Append of live, deleted and new links
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?),(?,?,?),(?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'admin', NULL, 1, 'reader', NULL, 3, 'writer', NULL, 9
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?),(?,?,?),(?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 1, NULL, 1, 3, NULL, 1, 9, NULL

-- Association Append of a link twice
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 3, NULL

-- Association Append of a deleted role does not revive it
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'retired', NULL, 2
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 2, NULL

-- Association Delete
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?);  -- time, time
UPDATE `path_user_roles` SET `deleted_at`=? WHERE (`path_user_roles`.`path_user_id` = ? AND `path_user_roles`.`path_role_id` = ?) AND `path_user_roles`.`deleted_at` IS NULL;  -- time, 1, 1

-- Association Delete of a deleted link
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?);  -- time, time
UPDATE `path_user_roles` SET `deleted_at`=? WHERE (`path_user_roles`.`path_user_id` = ? AND `path_user_roles`.`path_role_id` = ?) AND `path_user_roles`.`deleted_at` IS NULL;  -- time, 1, 3

-- Association Unscoped Delete marks the link all the same
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?);  -- time, time
UPDATE `path_user_roles` SET `deleted_at`=? WHERE (`path_user_roles`.`path_user_id` = ? AND `path_user_roles`.`path_role_id` = ?) AND `path_user_roles`.`deleted_at` IS NULL;  -- time, 1, 1

-- Association Clear
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?);  -- time, time
UPDATE `path_user_roles` SET `deleted_at`=? WHERE `path_user_roles`.`path_user_id` = ? AND `path_user_roles`.`deleted_at` IS NULL;  -- time, 1

-- Association Replace
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 3, NULL
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?);  -- time, time
UPDATE `path_user_roles` SET `deleted_at`=? WHERE `path_user_roles`.`path_user_id` = ? AND `path_user_roles`.`path_role_id` <> ? AND `path_user_roles`.`deleted_at` IS NULL;  -- time, 1, 3

-- Association Replace with nothing
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?);  -- time, time
UPDATE `path_user_roles` SET `deleted_at`=? WHERE `path_user_roles`.`path_user_id` = ? AND `path_user_roles`.`deleted_at` IS NULL;  -- time, 1

-- Association Delete and Append of a link leaves one
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?);  -- time, time
UPDATE `path_user_roles` SET `deleted_at`=? WHERE (`path_user_roles`.`path_user_id` = ? AND `path_user_roles`.`path_role_id` = ?) AND `path_user_roles`.`deleted_at` IS NULL;  -- time, 1, 1
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'admin', NULL, 1
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 1, NULL
SELECT `path_roles`.`id`,`path_roles`.`name`,`path_roles`.`deleted_at` FROM `path_roles` JOIN `path_user_roles` ON `path_user_roles`.`path_role_id` = `path_roles`.`id` AND `path_user_roles`.`path_user_id` = ? WHERE `path_user_roles`.`deleted_at` IS NULL AND `path_roles`.`deleted_at` IS NULL;  -- 1

-- Association Find of a many2many with Or
SELECT `path_roles`.`id`,`path_roles`.`name`,`path_roles`.`deleted_at` FROM `path_roles` JOIN `path_user_roles` ON `path_user_roles`.`path_role_id` = `path_roles`.`id` AND `path_user_roles`.`path_user_id` = ? WHERE (name = 'admin' OR name = 'reader') AND `path_user_roles`.`deleted_at` IS NULL AND `path_roles`.`deleted_at` IS NULL;  -- 1

-- Association Delete, Unscoped
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?);  -- time, time
SELECT CASE WHEN table_schema = DATABASE() THEN table_name ELSE CONCAT(table_schema, '.', table_name) END FROM information_schema.tables WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?;  -- 'softdelete_holds', NULL
CREATE TEMPORARY TABLE `taken0` (softdelete_row bigint AUTO_INCREMENT PRIMARY KEY INVISIBLE) AS WITH none (n0k0, n0k1) AS (SELECT `t`.`path_user_id`, `t`.`path_role_id` FROM `path_user_roles` AS t WHERE 1 = 0) SELECT * FROM none;
INSERT INTO `taken0` WITH `taken0` (n0k0, n0k1) AS (SELECT `path_user_roles`.`path_user_id`, `path_user_roles`.`path_role_id` FROM `path_user_roles` WHERE (`path_user_roles`.`path_user_id` = ? AND `path_user_roles`.`path_role_id` IN (?,?))) SELECT * FROM `taken0`;  -- 1, 1, 3
DROP TEMPORARY TABLE `taken0`;
DELETE FROM `path_user_roles` WHERE `path_user_roles`.`path_user_id` = ? AND `path_user_roles`.`path_role_id` IN (?,?);  -- 1, 1, 3

-- Association Append for several owners
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 3, NULL
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 2, 3, NULL

-- Create of a user with roles
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) RETURNING `id`;  -- 'eve', 'e9', 0, NULL, NULL, 9
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?),(?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'admin', NULL, 1, 'writer', NULL, 9
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?),(?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 9, 1, NULL, 9, 9, NULL

-- Save of a user with a role whose link is deleted
UPDATE `path_users` SET `name`=?,`badge`=?,`age`=?,`deleted_at`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 'ann', 'a1', 30, NULL, 1
SELECT `id` FROM `path_users` WHERE `path_users`.`id` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 1
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 3, NULL
INSERT INTO `path_users` (`name`,`badge`,`age`,`deleted_at`,`id`) VALUES (?,?,?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`badge`=VALUES(`badge`),`age`=VALUES(`age`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'ann', 'a1', 30, NULL, 1
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 3, NULL

-- Updates of a user with a role whose link is deleted
UPDATE `path_users` SET `age`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 31, 1
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 3, NULL

-- FullSaveAssociations of a user with a deleted role
UPDATE `path_users` SET `age`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 31, 1
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'revived', NULL, 2
CREATE TEMPORARY TABLE softdelete_current (softdelete_row bigint AUTO_INCREMENT PRIMARY KEY INVISIBLE) AS SELECT `id` FROM `path_roles` WHERE `path_roles`.`id` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 2
SELECT * FROM softdelete_current;
DROP TEMPORARY TABLE `softdelete_current`;
ROLLBACK TO SAVEPOINT softdelete_1;
ROLLBACK;

-- Create of a link by hand is a plain insert
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `path_user_id`=`path_user_id`;  -- 1, 3, NULL

-- Delete of a user with its links
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SAVEPOINT softdelete_1;
UPDATE `path_user_roles` SET `deleted_at`=? WHERE `path_user_roles`.`path_user_id` = ? AND `path_user_roles`.`deleted_at` IS NULL;  -- time, 1
UPDATE `path_users` SET `deleted_at`=? WHERE `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 1

-- a query of the links
SELECT count(*) FROM `path_user_roles` WHERE `path_user_roles`.`deleted_at` IS NULL;

-- Association Append of a has-many
SAVEPOINT softdelete_1;
INSERT INTO `path_pets` (`user_id`,`name`,`status`,`id`) VALUES (?,?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`status` = 'gone') IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`user_id`=VALUES(`user_id`) RETURNING `id`;  -- 1, 'toy', 'here', 9
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` = ? AND `path_pets`.`status` <> 'gone';  -- 1

-- Association Append of a deleted row to a has-many
SAVEPOINT softdelete_1;
INSERT INTO `path_pets` (`user_id`,`name`,`status`,`id`) VALUES (?,?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`status` = 'gone') IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`user_id`=VALUES(`user_id`) RETURNING `id`;  -- 2, 'old', 'here', 2
CREATE TEMPORARY TABLE softdelete_current (softdelete_row bigint AUTO_INCREMENT PRIMARY KEY INVISIBLE) AS SELECT `id` FROM `path_pets` WHERE `path_pets`.`id` = ? AND `status` = 'gone' LIMIT 10;  -- 2
SELECT * FROM softdelete_current;
DROP TEMPORARY TABLE `softdelete_current`;
ROLLBACK TO SAVEPOINT softdelete_1;
ROLLBACK;

-- Association Delete of a has-many clears the key
UPDATE `path_pets` SET `user_id`=? WHERE (`path_pets`.`user_id` = ? AND `path_pets`.`id` IN (?,?)) AND `path_pets`.`status` <> 'gone';  -- NULL, 1, 1, 2
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` = ? AND `path_pets`.`status` <> 'gone';  -- 1

-- Association Replace of a has-many clears the live keys
SAVEPOINT softdelete_1;
INSERT INTO `path_pets` (`user_id`,`name`,`status`,`id`) VALUES (?,?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`status` = 'gone') IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`user_id`=VALUES(`user_id`) RETURNING `id`;  -- 1, 'tom', 'here', 3
UPDATE `path_pets` SET `user_id`=? WHERE `path_pets`.`id` <> ? AND `path_pets`.`user_id` = ? AND `path_pets`.`status` <> 'gone';  -- NULL, 3, 1
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` = ? AND `path_pets`.`status` <> 'gone';  -- 1

-- Association Clear of a has-many clears the live keys
UPDATE `path_pets` SET `user_id`=? WHERE `path_pets`.`user_id` = ? AND `path_pets`.`status` <> 'gone';  -- NULL, 1
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` = ? AND `path_pets`.`status` <> 'gone';  -- 1

-- Association Unscoped Delete of a has-many marks the rows
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0;
UPDATE `path_pets` SET `status`=? WHERE (`path_pets`.`user_id` = ? AND `path_pets`.`id` = ?) AND `path_pets`.`status` <> 'gone';  -- 'gone', 1, 1
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` = ? AND `path_pets`.`status` <> 'gone';  -- 1

-- G Find
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- G First
SELECT * FROM `path_users` WHERE age = ? AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 1, 30

-- G Last
SELECT * FROM `path_users` WHERE age = ? AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` DESC LIMIT ?;  -- 1, 30

-- G Take with a raw OR between newlines
SELECT * FROM `path_users` WHERE (name = 'cid'
OR
name = 'ann') AND `path_users`.`deleted_at` IS NULL ORDER BY id DESC LIMIT ?;  -- 1

-- G Where and Or
SELECT * FROM `path_users` WHERE (age = 30 OR age = 40) AND `path_users`.`deleted_at` IS NULL;

-- G Count
SELECT count(*) FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- G Rows
SELECT `name` FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- G Row
SELECT count(*) FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- G Scan
SELECT id, name FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- G FindInBatches
SELECT * FROM `path_users` WHERE age > 0 AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 2
SELECT * FROM `path_users` WHERE age > 0 AND `path_users`.`id` > ? AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 2, 2

-- G Joins
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` INNER JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL WHERE `path_users`.`deleted_at` IS NULL;

-- G Joins, left
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL WHERE `path_users`.`deleted_at` IS NULL;

-- G Joins, inner
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` INNER JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` AND `Company`.`deleted_at` IS NULL WHERE `path_users`.`deleted_at` IS NULL;

-- G Joins with an alias and a raw OR
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`c`.`id` AS `c__id`,`c`.`name` AS `c__name`,`c`.`owner_id` AS `c__owner_id`,`c`.`deleted_at` AS `c__deleted_at` FROM `path_users` INNER JOIN `path_companies` `c` ON `path_users`.`company_id` = `c`.`id` AND (`c`.`deleted_at` IS NULL AND (c.name = ?
OR
c.name = ?)) WHERE `path_users`.`deleted_at` IS NULL;  -- 'acme', 'bust'

-- G Joins of a sub-query
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`c`.`id` AS `c__id`,`c`.`name` AS `c__name`,`c`.`owner_id` AS `c__owner_id`,`c`.`deleted_at` AS `c__deleted_at` FROM `path_users` INNER JOIN (SELECT * FROM `path_companies` WHERE id > ? AND `path_companies`.`deleted_at` IS NULL) AS `c` ON c.id = path_users.company_id WHERE `path_users`.`deleted_at` IS NULL;  -- 0

-- G Joins, WithDeletedIn
SELECT `path_users`.`id`,`path_users`.`name`,`path_users`.`badge`,`path_users`.`age`,`path_users`.`company_id`,`path_users`.`deleted_at`,`Company`.`id` AS `Company__id`,`Company`.`name` AS `Company__name`,`Company`.`owner_id` AS `Company__owner_id`,`Company`.`deleted_at` AS `Company__deleted_at` FROM `path_users` LEFT JOIN `path_companies` `Company` ON `path_users`.`company_id` = `Company`.`id` WHERE `path_users`.`deleted_at` IS NULL;

-- G Preload
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?) AND `path_pets`.`status` <> 'gone';  -- 1, 2, 4
SELECT * FROM `path_user_roles` WHERE `path_user_roles`.`path_user_id` IN (?,?,?) AND `path_user_roles`.`deleted_at` IS NULL;  -- 1, 2, 4
SELECT * FROM `path_roles` WHERE `path_roles`.`id` IN (?,?) AND `path_roles`.`deleted_at` IS NULL;  -- 1, 2

-- G Preload with a raw OR
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?) AND (name = 'rex'
OR
name = 'old') AND `path_pets`.`status` <> 'gone';  -- 1, 2, 4

-- G Preload with LimitPerRecord
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY `user_id` ORDER BY `path_pets`.`id` DESC) AS `gorm_preload_rnn` FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?) AND `path_pets`.`status` <> 'gone') t WHERE `gorm_preload_rnn` <= ?;  -- 1, 2, 2, 4

-- G Preload with LimitPerRecord, WithDeletedIn
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY `user_id` ORDER BY `path_pets`.`id` DESC) AS `gorm_preload_rnn` FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?)) t WHERE `gorm_preload_rnn` <= ?;  -- 1, 2, 2, 4

-- G of an Unscoped db is filtered all the same
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;

-- G with a scope that is Unscoped
SELECT * FROM `path_users`;

-- G WithDeleted
SELECT * FROM `path_users`;
SELECT * FROM `path_pets` WHERE `path_pets`.`user_id` IN (?,?,?,?);  -- 1, 2, 3, 4

-- G OnlyDeleted
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NOT NULL;
SELECT * FROM `path_user_roles` WHERE `path_user_roles`.`path_user_id` = ?;  -- 3
SELECT * FROM `path_roles` WHERE `path_roles`.`id` = ?;  -- 1

-- G WithDeleted Count
SELECT count(*) FROM `path_users`;

-- G Update
UPDATE `path_users` SET `age`=? WHERE age = ? AND `path_users`.`deleted_at` IS NULL;  -- 31, 30

-- G Updates
UPDATE `path_users` SET `age`=? WHERE (name = 'cid'
OR
name = 'ann') AND `path_users`.`deleted_at` IS NULL;  -- 31

-- G Set and Update
UPDATE `path_users` SET `age`=? WHERE age = ? AND `path_users`.`deleted_at` IS NULL;  -- 31, 30

-- G Update WithDeleted
ROLLBACK;

-- G Delete
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (age = ?) AND `path_users`.`deleted_at` IS NULL LIMIT 101;  -- 30
UPDATE `path_users` SET `deleted_at`=? WHERE age = ? AND `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 30, 1

-- G Delete of an Unscoped db
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (age = ?) AND `path_users`.`deleted_at` IS NULL LIMIT 101;  -- 50
UPDATE `path_users` SET `deleted_at`=? WHERE age = ? AND `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 50, 4

-- G Create
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) RETURNING `id`;  -- 'writer', NULL, 9

-- G Create with an upsert that meets a deleted row
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'revived', NULL, 2
SELECT `id` FROM `path_roles` WHERE `path_roles`.`id` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 2
ROLLBACK;

-- G Set of a has-many, Unlink
UPDATE `path_pets` SET `user_id`=? WHERE (`user_id`) IN (SELECT `id` FROM `path_users` WHERE id = ? AND `path_users`.`deleted_at` IS NULL) AND `path_pets`.`status` <> 'gone';  -- NULL, 1

-- G Set of a has-many, Delete
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0;
UPDATE `path_pets` SET `status`=? WHERE (`user_id`) IN (SELECT `id` FROM `path_users` WHERE id = ? AND `path_users`.`deleted_at` IS NULL) AND `path_pets`.`status` <> 'gone';  -- 'gone', 1

-- G Set of a many2many, Create of a deleted link
SELECT * FROM `path_users` WHERE id = ? AND `path_users`.`deleted_at` IS NULL;  -- 1
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `deleted_at`=CASE WHEN `deleted_at` IS NOT NULL THEN VALUES(`deleted_at`) ELSE `deleted_at` END;  -- 1, 3, NULL

-- G Set of a many2many, Unlink
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?);  -- time, time
UPDATE `path_user_roles` SET `deleted_at`=? WHERE EXISTS (SELECT 1 FROM `path_users` WHERE `path_users`.`id` = `path_user_roles`.`path_user_id`) AND `path_user_roles`.`deleted_at` IS NULL;  -- time

-- Update by condition
UPDATE `path_users` SET `age`=? WHERE age = ? AND `path_users`.`deleted_at` IS NULL;  -- 31, 30

-- Update with a raw OR between newlines
UPDATE `path_users` SET `age`=? WHERE (name = 'cid'
OR
name = 'ann') AND `path_users`.`deleted_at` IS NULL;  -- 31

-- Update with Or
UPDATE `path_users` SET `age`=? WHERE (name = 'cid' OR name = 'ann') AND `path_users`.`deleted_at` IS NULL;  -- 31

-- Update of a deleted row
UPDATE `path_users` SET `age`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 31, 3

-- Update of an Unscoped statement
UPDATE `path_users` SET `age`=? WHERE `id` = ?;  -- 31, 3

-- Update WithDeleted
ROLLBACK;

-- Update of an Unscoped statement, OnlyDeleted
UPDATE `path_users` SET `age`=? WHERE age = ? AND `path_users`.`deleted_at` IS NOT NULL;  -- 31, 30

-- Updates of a deleted row with a struct
UPDATE `path_users` SET `age`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 31, 3

-- Updates of a deleted row with a map
UPDATE `path_users` SET `age`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 31, 3

-- Updates of a deleted row's value
UPDATE `path_users` SET `name`=?,`badge`=?,`age`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 'cid', 'c3', 31, 3

-- UpdateColumn of a deleted row
UPDATE `path_users` SET `age`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 31, 3

-- UpdateColumns of a deleted row
UPDATE `path_users` SET `age`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 31, 3

-- Update of the deletion column of a deleted row
UPDATE `path_users` SET `deleted_at`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- NULL, 3

-- Update of the status of a deleted row
UPDATE `path_pets` SET `status`=? WHERE `path_pets`.`status` <> 'gone' AND `id` = ?;  -- 'here', 2

-- Update with AllowGlobalUpdate
UPDATE `path_users` SET `age`=? WHERE `path_users`.`deleted_at` IS NULL;  -- 1

-- Update without conditions
ROLLBACK;

-- Update of Table with an alias
UPDATE path_users AS u SET `age`=? WHERE u.age = 30 AND `u`.`deleted_at` IS NULL;  -- 31

-- Update of Table with a quoted alias
UPDATE `path_users` AS `u` SET `age`=? WHERE u.age = 30 AND `u`.`deleted_at` IS NULL;  -- 31

-- Delete
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
UPDATE `path_users` SET `deleted_at`=? WHERE `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 1

-- Delete of a deleted row
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
UPDATE `path_users` SET `deleted_at`=? WHERE `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 3

-- Delete by condition
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (age = ?) AND `path_users`.`deleted_at` IS NULL LIMIT 101;  -- 30
UPDATE `path_users` SET `deleted_at`=? WHERE age = ? AND `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 30, 1

-- Delete with a raw OR between newlines
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (name = 'cid'
OR
name = 'ann') AND `path_users`.`deleted_at` IS NULL LIMIT 101;
UPDATE `path_users` SET `deleted_at`=? WHERE (name = 'cid'
OR
name = 'ann') AND `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 1

-- Delete with Or
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (name = 'cid' OR name = 'ann') AND `path_users`.`deleted_at` IS NULL LIMIT 101;
UPDATE `path_users` SET `deleted_at`=? WHERE (name = 'cid' OR name = 'ann') AND `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 1

-- Delete of a status model
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0;
UPDATE `path_pets` SET `status`=? WHERE (user_id = 1 or(1 = 1) AND name = 'old') AND `path_pets`.`status` <> 'gone';  -- 'gone'

-- Delete without conditions
ROLLBACK;

-- Delete of an Unscoped statement
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT CASE WHEN table_schema = DATABASE() THEN table_name ELSE CONCAT(table_schema, '.', table_name) END FROM information_schema.tables WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?;  -- 'softdelete_holds', NULL
CREATE TEMPORARY TABLE `taken0` (softdelete_row bigint AUTO_INCREMENT PRIMARY KEY INVISIBLE) AS WITH none (n0k0) AS (SELECT `t`.`id` FROM `path_users` AS t WHERE 1 = 0) SELECT * FROM none;
INSERT INTO `taken0` WITH `taken0` (n0k0) AS (SELECT `path_users`.`id` FROM `path_users` WHERE (`path_users`.`id` = ?)) SELECT * FROM `taken0`;  -- 4
DROP TEMPORARY TABLE `taken0`;
DELETE FROM `path_users` WHERE `path_users`.`id` = ?;  -- 4

-- Delete of an Unscoped statement, OnlyDeleted, with rows that refer to it
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (age = 30 AND `path_users`.`deleted_at` IS NOT NULL) LIMIT 101;
SELECT CASE WHEN table_schema = DATABASE() THEN table_name ELSE CONCAT(table_schema, '.', table_name) END FROM information_schema.tables WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?;  -- 'softdelete_holds', NULL
CREATE TEMPORARY TABLE `taken0` (softdelete_row bigint AUTO_INCREMENT PRIMARY KEY INVISIBLE) AS WITH none (n0k0) AS (SELECT `t`.`id` FROM `path_users` AS t WHERE 1 = 0) SELECT * FROM none;
INSERT INTO `taken0` WITH `taken0` (n0k0) AS (SELECT `path_users`.`id` FROM `path_users` WHERE (age = 30 AND `path_users`.`deleted_at` IS NOT NULL AND `path_users`.`id` = ?)) SELECT * FROM `taken0`;  -- 3
DROP TEMPORARY TABLE `taken0`;
DELETE FROM `path_users` WHERE age = 30 AND `path_users`.`deleted_at` IS NOT NULL AND `path_users`.`id` = ?;  -- 3
ROLLBACK;
SELECT @@foreign_key_checks;
SELECT CASE WHEN table_schema = DATABASE() THEN table_name ELSE CONCAT(table_schema, '.', table_name) END FROM information_schema.tables WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?;  -- 'path_users', NULL
SELECT CONCAT(k.constraint_schema, '.', k.constraint_name) AS "id", CASE WHEN k.table_schema = DATABASE() THEN k.table_name ELSE CONCAT(k.table_schema, '.', k.table_name) END AS "tab", k.column_name AS "col",
			k.referenced_column_name AS "parent", k.constraint_name AS "name", r.delete_rule AS "action",
			r.update_rule IN ('CASCADE', 'SET NULL') AS "follows"
		FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema
			AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
		WHERE k.referenced_table_name IS NOT NULL AND k.referenced_table_schema = COALESCE(?, DATABASE()) AND k.referenced_table_name = ?
		ORDER BY 2, k.constraint_name, k.constraint_schema, k.ordinal_position;  -- 'path_users', NULL
WITH `reached0` (n0k0) AS (SELECT `path_users`.`id` FROM `path_users` WHERE (age = 30 AND `path_users`.`deleted_at` IS NOT NULL)) SELECT (SELECT count(*) FROM `path_pets` AS `softdelete_r1` WHERE EXISTS (SELECT 1 FROM `path_users` AS `softdelete_p1` WHERE `softdelete_r1`.`user_id` = `softdelete_p1`.`id` AND `softdelete_p1`.`id` IN (SELECT n0k0 FROM `reached0`))), (SELECT count(*) FROM `path_user_roles` AS `softdelete_r1` WHERE EXISTS (SELECT 1 FROM `path_users` AS `softdelete_p1` WHERE `softdelete_r1`.`path_user_id` = `softdelete_p1`.`id` AND `softdelete_p1`.`id` IN (SELECT n0k0 FROM `reached0`)));
SELECT column_name FROM information_schema.statistics WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ? AND index_name = 'PRIMARY' ORDER BY seq_in_index;  -- 'path_user_roles', NULL
WITH `reached0` (n0k0) AS (SELECT `path_users`.`id` FROM `path_users` WHERE (age = 30 AND `path_users`.`deleted_at` IS NOT NULL)) SELECT `softdelete_r1`.`path_user_id`, `softdelete_r1`.`path_role_id` FROM `path_user_roles` AS `softdelete_r1` WHERE EXISTS (SELECT 1 FROM `path_users` AS `softdelete_p1` WHERE `softdelete_r1`.`path_user_id` = `softdelete_p1`.`id` AND `softdelete_p1`.`id` IN (SELECT n0k0 FROM `reached0`)) ORDER BY `softdelete_r1`.`path_user_id`, `softdelete_r1`.`path_role_id` LIMIT 10;

-- Delete WithDeleted
ROLLBACK;

-- FirstOrCreate of a live row
SELECT * FROM `path_users` WHERE `path_users`.`name` = ? AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 'ann', 1

-- FirstOrCreate of a deleted row's value makes a new row
SELECT * FROM `path_users` WHERE `path_users`.`name` = ? AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 'cid', 1
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) RETURNING `id`;  -- 'cid', 'c9', 0, NULL, NULL, 9

-- FirstOrCreate with Assign updates a live row
SELECT * FROM `path_users` WHERE (name = 'cid'
OR
name = 'ann') AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 1
UPDATE `path_users` SET `age`=? WHERE (name = 'cid'
OR
name = 'ann') AND `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 31, 1

-- FirstOrCreate by the key of a deleted row
SELECT * FROM `path_users` WHERE (`path_users`.`id` = ? AND `path_users`.`name` = ? AND `path_users`.`badge` = ?) AND `path_users`.`deleted_at` IS NULL ORDER BY `path_users`.`id` LIMIT ?;  -- 'n3', 'new', 1, 3
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) RETURNING `id`;  -- 'new', 'n3', 0, NULL, NULL, 3
ROLLBACK;
SELECT s.*, s.index_name AS "name", s.non_unique = 0 AS "unique_index", s.column_name AS "part_column", s.sub_part AS "part_prefix"
		FROM information_schema.statistics s WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ? AND (? = '' OR index_name = ?) ORDER BY s.index_name, s.seq_in_index;  -- '', '', 'path_users', NULL
SELECT COALESCE(generation_expression, '') FROM information_schema.columns WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ? AND column_name = ?;  -- 'path_users', 'softdelete_live', NULL
SELECT `softdelete_holder`.`id` FROM `path_users` AS softdelete_holder WHERE `softdelete_holder`.`id` = ? AND `softdelete_holder`.`deleted_at` IS NOT NULL LIMIT 1;  -- 3

-- Create of a deleted row's unique value
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) RETURNING `id`;  -- 'cid', 'c9', 0, NULL, NULL, 9

-- Save of a live row
UPDATE `path_users` SET `name`=?,`badge`=?,`age`=?,`company_id`=?,`deleted_at`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 'ann', 'a1', 31, NULL, NULL, 1

-- Save of a deleted row
UPDATE `path_users` SET `name`=?,`badge`=?,`age`=?,`company_id`=?,`deleted_at`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 'cid', 'c3', 31, NULL, NULL, 3
SELECT `id` FROM `path_users` WHERE `path_users`.`id` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 3
ROLLBACK;

-- Save of a deleted row with a condition
UPDATE `path_users` SET `name`=?,`badge`=?,`age`=?,`company_id`=?,`deleted_at`=? WHERE 1 = 1 AND `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 'cid', 'c3', 31, NULL, NULL, 3
SELECT `id` FROM `path_users` WHERE `path_users`.`id` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 3
ROLLBACK;

-- Save of some columns of a deleted row
UPDATE `path_users` SET `age`=? WHERE `path_users`.`deleted_at` IS NULL AND `id` = ?;  -- 31, 3

-- Save of a deleted row of a status model
UPDATE `path_pets` SET `user_id`=?,`name`=?,`status`=? WHERE `path_pets`.`status` <> 'gone' AND `id` = ?;  -- NULL, 'old', 'here', 2
SELECT `id` FROM `path_pets` WHERE `path_pets`.`id` = ? AND `status` = 'gone' LIMIT 10;  -- 2
ROLLBACK;

-- Save of a deleted link
UPDATE `path_user_roles` SET `deleted_at`=? WHERE `path_user_roles`.`deleted_at` IS NULL AND `path_user_id` = ? AND `path_role_id` = ?;  -- NULL, 1, 3
SELECT `path_user_id`, `path_role_id` FROM `path_user_roles` WHERE (`path_user_roles`.`path_user_id`, `path_user_roles`.`path_role_id`) = (?, ?) AND `deleted_at` IS NOT NULL LIMIT 10;  -- 1, 3
ROLLBACK;

-- Save of a new row
UPDATE `path_roles` SET `name`=?,`deleted_at`=? WHERE `path_roles`.`deleted_at` IS NULL AND `id` = ?;  -- 'writer', NULL, 9
SELECT `id` FROM `path_roles` WHERE `path_roles`.`id` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 9
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'writer', NULL, 9

-- Save of a slice of live and new rows
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?),(?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'boss', NULL, 1, 'writer', NULL, 9

-- Save of a slice with a deleted row
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?),(?,?,?),(?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'boss', NULL, 1, 'retired', NULL, 2, 'writer', NULL, 9
SELECT `id` FROM `path_roles` WHERE `path_roles`.`id` IN (SELECT k0 FROM JSON_TABLE(?, '$[*]' COLUMNS (k0 bigint PATH '$')) AS listed) AND `deleted_at` IS NOT NULL LIMIT 10;  -- '[1,2,9]'
ROLLBACK;

-- Save of a slice of deleted rows only
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`badge`=VALUES(`badge`),`age`=VALUES(`age`),`company_id`=VALUES(`company_id`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'cid', 'c3', 31, NULL, NULL, 3
SELECT `id` FROM `path_users` WHERE `path_users`.`id` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 3
ROLLBACK;

-- Save of a deleted row, Unscoped
UPDATE `path_users` SET `name`=?,`badge`=?,`age`=?,`company_id`=?,`deleted_at`=? WHERE `id` = ?;  -- 'cid', 'c3', 31, NULL, NULL, 3

-- Upsert by primary key, a live row
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'boss', NULL, 1

-- Upsert by primary key, a deleted row
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'boss', NULL, 2
SELECT `id` FROM `path_roles` WHERE `path_roles`.`id` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 2
ROLLBACK;

-- Upsert by a named primary key, a deleted row
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`) RETURNING `id`;  -- 'boss', NULL, 2
SELECT `id` FROM `path_roles` WHERE `path_roles`.`id` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 2
ROLLBACK;

-- Upsert of several rows, one of them deleted
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?),(?,?,?),(?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'boss', NULL, 1, 'boss', NULL, 2, 'writer', NULL, 9
SELECT `id` FROM `path_roles` WHERE `path_roles`.`id` IN (SELECT k0 FROM JSON_TABLE(?, '$[*]' COLUMNS (k0 bigint PATH '$')) AS listed) AND `deleted_at` IS NOT NULL LIMIT 10;  -- '[1,2,9]'
ROLLBACK;

-- Upsert of a map, a deleted row
INSERT INTO `path_roles` (`id`,`name`) VALUES (?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`) RETURNING `id`;  -- 2, 'boss'
SELECT `id` FROM `path_roles` WHERE `path_roles`.`id` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 2
ROLLBACK;

-- Upsert by a unique column, a live row
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`age`=VALUES(`age`) RETURNING `id`;  -- 'ann', 'a9', 31, NULL, NULL, 9

-- Upsert by a unique column that a deleted row has, too
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`age`=VALUES(`age`) RETURNING `id`;  -- 'cid', 'c9', 31, NULL, NULL, 9

-- Upsert of all columns by a unique column, a live row
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`badge`=VALUES(`badge`),`age`=VALUES(`age`),`company_id`=VALUES(`company_id`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'ann', 'a9', 31, NULL, NULL, 1

-- Upsert by a unique column with a condition of its own
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`age`=VALUES(`age`) RETURNING `id`;  -- 'ann', 'a9', 31, NULL, NULL, 9

-- Upsert by a column that is unique among all rows
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`age`=VALUES(`age`) RETURNING `id`;  -- 'new', 'c3', 31, NULL, NULL, 9
SELECT `id` FROM `path_users` WHERE `path_users`.`id` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 9
SELECT `id` FROM `path_users` WHERE `path_users`.`badge` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 'c3'
ROLLBACK;

-- Upsert by a composite unique index, a live row
INSERT INTO `path_pets` (`user_id`,`name`,`status`,`id`) VALUES (?,?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`status` = 'gone') IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`status`=VALUES(`status`) RETURNING `id`;  -- 1, 'rex', 'away', 9

-- Upsert by a composite unique index whose values a deleted row has
INSERT INTO `path_pets` (`user_id`,`name`,`status`,`id`) VALUES (?,?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`status` = 'gone') IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`status`=VALUES(`status`) RETURNING `id`;  -- 1, 'old', 'away', 9

-- Upsert by a composite primary key, a deleted row
INSERT INTO `path_user_roles` (`path_user_id`,`path_role_id`,`deleted_at`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `path_user_id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `path_user_id` END,`deleted_at`=VALUES(`deleted_at`);  -- 1, 3, NULL
SELECT `path_user_id`, `path_role_id` FROM `path_user_roles` WHERE (`path_user_roles`.`path_user_id`, `path_user_roles`.`path_role_id`) = (?, ?) AND `deleted_at` IS NOT NULL LIMIT 10;  -- 1, 3
ROLLBACK;

-- DoNothing, a live row
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'boss', NULL, 1

-- DoNothing, a deleted row
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'boss', NULL, 2

-- DoNothing on a unique column, a live row
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'ann', 'a9', 0, NULL, NULL, 9

-- DoNothing on a unique column that a deleted row has
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'cid', 'c9', 0, NULL, NULL, 9

-- DoNothing of live, deleted and new rows
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?),(?,?,?),(?,?,?) ON DUPLICATE KEY UPDATE `id`=`id` RETURNING `id`;  -- 'boss', NULL, 1, 'boss', NULL, 2, 'writer', NULL, 9

-- Upsert of a deleted row, Unscoped
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'boss', NULL, 2

-- Upsert by a unique column, Unscoped
INSERT INTO `path_users` (`name`,`badge`,`age`,`company_id`,`deleted_at`,`id`) VALUES (?,?,?,?,?,?) ON DUPLICATE KEY UPDATE `age`=VALUES(`age`) RETURNING `id`;  -- 'ann', 'a9', 31, NULL, NULL, 9

-- Upsert in batches
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'boss', NULL, 1
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'writer', NULL, 9

-- Upsert in batches with a deleted row
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'boss', NULL, 1
SAVEPOINT softdelete_1;
INSERT INTO `path_roles` (`name`,`deleted_at`,`id`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=CASE WHEN ((`deleted_at` IS NOT NULL) IS TRUE) + 18446744073709551615 > 0 THEN `id` END,`name`=VALUES(`name`),`deleted_at`=VALUES(`deleted_at`) RETURNING `id`;  -- 'boss', NULL, 2
CREATE TEMPORARY TABLE softdelete_current (softdelete_row bigint AUTO_INCREMENT PRIMARY KEY INVISIBLE) AS SELECT `id` FROM `path_roles` WHERE `path_roles`.`id` = ? AND `deleted_at` IS NOT NULL LIMIT 10;  -- 2
SELECT * FROM softdelete_current;
DROP TEMPORARY TABLE `softdelete_current`;
ROLLBACK TO SAVEPOINT softdelete_1;
ROLLBACK;

-- Find twice
SELECT * FROM `path_users` WHERE age = 30 AND `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_users` WHERE age = 30 AND `path_users`.`deleted_at` IS NULL;

-- Count, then Find with a further condition
SELECT count(*) FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_users` WHERE age = 30 AND `path_users`.`deleted_at` IS NULL;

-- Find, then Or
SELECT * FROM `path_users` WHERE age = 30 AND `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_users` WHERE (age = 30 OR age = 40) AND `path_users`.`deleted_at` IS NULL;

-- Find, then a raw OR between newlines
SELECT * FROM `path_users` WHERE 1 = 1 AND `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_users` WHERE 1 = 1 AND (age = 30
OR
age = 40) AND `path_users`.`deleted_at` IS NULL;

-- a raw OR, then Or
SELECT * FROM `path_users` WHERE (age = 30
OR
age = 40) AND `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_users` WHERE ((age = 30
OR
age = 40) OR age = 50) AND `path_users`.`deleted_at` IS NULL;

-- Count, then Unscoped
SELECT count(*) FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_users`;

-- Count, then WithDeleted
SELECT count(*) FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_users`;

-- Find, then OnlyDeleted
SELECT * FROM `path_users` WHERE age = 30 AND `path_users`.`deleted_at` IS NULL;
SELECT * FROM `path_users` WHERE age = 30 AND `path_users`.`deleted_at` IS NOT NULL;

-- Rows, then Unscoped
SELECT `name` FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
SELECT `name` FROM `path_users`;

-- Update, then a raw OR and Update
UPDATE `path_users` SET `age`=? WHERE name = 'ann' AND `path_users`.`deleted_at` IS NULL;  -- 31
UPDATE `path_users` SET `age`=? WHERE (name = 'ann' OR age = 30) AND `path_users`.`deleted_at` IS NULL;  -- 32

-- Delete, then Update
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (age = 30) AND `path_users`.`deleted_at` IS NULL LIMIT 101;
UPDATE `path_users` SET `deleted_at`=? WHERE age = 30 AND `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 1
UPDATE `path_users` SET `age`=? WHERE age = 30 AND `path_users`.`deleted_at` IS NULL;  -- 31

-- Delete, then Update of an Unscoped statement
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (age = 30) AND `path_users`.`deleted_at` IS NULL LIMIT 101;
UPDATE `path_users` SET `deleted_at`=? WHERE age = 30 AND `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 1
UPDATE `path_users` SET `age`=? WHERE age = 30;  -- 31

-- Delete, then Find
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (age = 30) AND `path_users`.`deleted_at` IS NULL LIMIT 101;
UPDATE `path_users` SET `deleted_at`=? WHERE age = 30 AND `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 1
SELECT * FROM `path_users` WHERE age = 30 AND `path_users`.`deleted_at` IS NULL;

-- Delete, then OnlyDeleted
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (age = 30) AND `path_users`.`deleted_at` IS NULL LIMIT 101;
UPDATE `path_users` SET `deleted_at`=? WHERE age = 30 AND `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 1
SELECT * FROM `path_users` WHERE age = 30 AND `path_users`.`deleted_at` IS NOT NULL;

-- Delete twice
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (age = 30) AND `path_users`.`deleted_at` IS NULL LIMIT 101;
UPDATE `path_users` SET `deleted_at`=? WHERE age = 30 AND `path_users`.`id` = ? AND `path_users`.`deleted_at` IS NULL;  -- time, 1
SELECT `greatest` FROM `softdelete_locks` WHERE `slot` = ? FOR UPDATE SKIP LOCKED;  -- number of a time
UPDATE `softdelete_locks`, (SELECT 1 AS softdelete_one) AS softdelete_one SET `greatest` = ? WHERE `slot` = ?;  -- number of a time, number of a time
SELECT 1 WHERE 1 = 0 OR EXISTS (SELECT 1 FROM `path_users` WHERE `deleted_at` = ?) OR EXISTS (SELECT 1 FROM `path_user_roles` WHERE `deleted_at` = ?);  -- time, time
SELECT `path_users`.`id` FROM `path_users` WHERE (age = 30) AND `path_users`.`deleted_at` IS NULL LIMIT 101;
UPDATE `path_users` SET `deleted_at`=? WHERE age = 30 AND 1 = 0 AND `path_users`.`deleted_at` IS NULL;  -- time

-- Find, then Delete without conditions
SELECT * FROM `path_users` WHERE `path_users`.`deleted_at` IS NULL;
ROLLBACK;
