-- holdings/search_index.py: a block of the index fits into one page of the encrypted file beside what SQLite writes of it; of the 4,050 bytes that FTS5 takes by
-- itself nearly every one ran over into a second page, which was to be read and deciphered too. What stands already is read as it is, and becomes so when it is
-- brought together with others.
INSERT INTO search_index_a_0(search_index_a_0, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_1(search_index_a_1, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_2(search_index_a_2, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_3(search_index_a_3, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_4(search_index_a_4, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_5(search_index_a_5, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_6(search_index_a_6, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_7(search_index_a_7, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_8(search_index_a_8, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_9(search_index_a_9, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_10(search_index_a_10, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_11(search_index_a_11, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_12(search_index_a_12, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_a_13(search_index_a_13, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_0(search_index_b_0, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_1(search_index_b_1, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_2(search_index_b_2, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_3(search_index_b_3, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_4(search_index_b_4, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_5(search_index_b_5, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_6(search_index_b_6, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_7(search_index_b_7, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_8(search_index_b_8, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_9(search_index_b_9, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_10(search_index_b_10, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_11(search_index_b_11, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_12(search_index_b_12, rank) VALUES ('pgsz', 3960);
INSERT INTO search_index_b_13(search_index_b_13, rank) VALUES ('pgsz', 3960);
