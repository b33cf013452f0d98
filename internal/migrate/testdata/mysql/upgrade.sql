ALTER TABLE `golden_users` ADD COLUMN `softdelete_live` tinyint GENERATED ALWAYS AS (IF(`deleted_at` IS NULL, 1, NULL)) VIRTUAL INVISIBLE, ALGORITHM=INSTANT;
ALTER TABLE `golden_users` ADD UNIQUE KEY `uni_golden_users_code_live` (`code`,`softdelete_live`) USING BTREE, DROP KEY `idx_golden_users_email`, ADD UNIQUE KEY `idx_golden_users_email` (`email`,`softdelete_live`) USING BTREE, DROP KEY `golden_names`, ADD UNIQUE KEY `golden_names` (`first`,`last`,`softdelete_live`) USING BTREE, ALGORITHM=INPLACE, LOCK=NONE;
ALTER TABLE `golden_users` DROP CONSTRAINT `uni_golden_users_code`;
CREATE INDEX `idx_golden_users_deleted_at_retention` ON `golden_users`(`deleted_at`);
ALTER TABLE `golden_notes` ADD COLUMN `softdelete_live` tinyint GENERATED ALWAYS AS (IF(`status` <> 'deleted', 1, NULL)) VIRTUAL INVISIBLE, ALGORITHM=INSTANT;
ALTER TABLE `golden_notes` DROP KEY `idx_golden_notes_title`, ADD UNIQUE KEY `idx_golden_notes_title` (`title`,`softdelete_live`) USING BTREE, ALGORITHM=INPLACE, LOCK=NONE;
CREATE TABLE `golden_orders_archive` (`archive_id` bigint AUTO_INCREMENT PRIMARY KEY,`number` varchar(30) COLLATE collation_of_the_database,`text` varchar(200) COLLATE collation_of_the_database,`amount` bigint,`paid` boolean,`archived_at` datetime(6),`deletion_id` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,`actor` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,`reason` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin);
CREATE INDEX `idx_golden_orders_archive_deletion_id` ON `golden_orders_archive` (`deletion_id`);
CREATE INDEX `idx_golden_orders_archive_number_deletion_id` ON `golden_orders_archive` (`number`,`deletion_id`);
