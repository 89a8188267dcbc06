-- What is indexed of a run of one character has changed: of what is known already the index is built anew, from the beginning, and none
-- serves until then. To take out of the old one what it was never told counts below nothing, which SQLite takes for damage.
INSERT INTO search_index_a_0(search_index_a_0) VALUES ('delete-all');
INSERT INTO search_index_a_1(search_index_a_1) VALUES ('delete-all');
INSERT INTO search_index_a_2(search_index_a_2) VALUES ('delete-all');
INSERT INTO search_index_a_3(search_index_a_3) VALUES ('delete-all');
INSERT INTO search_index_a_4(search_index_a_4) VALUES ('delete-all');
INSERT INTO search_index_a_5(search_index_a_5) VALUES ('delete-all');
INSERT INTO search_index_a_6(search_index_a_6) VALUES ('delete-all');
INSERT INTO search_index_a_7(search_index_a_7) VALUES ('delete-all');
INSERT INTO search_index_a_8(search_index_a_8) VALUES ('delete-all');
INSERT INTO search_index_a_9(search_index_a_9) VALUES ('delete-all');
INSERT INTO search_index_a_10(search_index_a_10) VALUES ('delete-all');
INSERT INTO search_index_a_11(search_index_a_11) VALUES ('delete-all');
INSERT INTO search_index_a_12(search_index_a_12) VALUES ('delete-all');
INSERT INTO search_index_a_13(search_index_a_13) VALUES ('delete-all');
INSERT INTO search_index_b_0(search_index_b_0) VALUES ('delete-all');
INSERT INTO search_index_b_1(search_index_b_1) VALUES ('delete-all');
INSERT INTO search_index_b_2(search_index_b_2) VALUES ('delete-all');
INSERT INTO search_index_b_3(search_index_b_3) VALUES ('delete-all');
INSERT INTO search_index_b_4(search_index_b_4) VALUES ('delete-all');
INSERT INTO search_index_b_5(search_index_b_5) VALUES ('delete-all');
INSERT INTO search_index_b_6(search_index_b_6) VALUES ('delete-all');
INSERT INTO search_index_b_7(search_index_b_7) VALUES ('delete-all');
INSERT INTO search_index_b_8(search_index_b_8) VALUES ('delete-all');
INSERT INTO search_index_b_9(search_index_b_9) VALUES ('delete-all');
INSERT INTO search_index_b_10(search_index_b_10) VALUES ('delete-all');
INSERT INTO search_index_b_11(search_index_b_11) VALUES ('delete-all');
INSERT INTO search_index_b_12(search_index_b_12) VALUES ('delete-all');
INSERT INTO search_index_b_13(search_index_b_13) VALUES ('delete-all');
UPDATE search_state SET serving = iif(known, '', 'a'), fold = '', building = iif(known, 'a', ''), building_fold = '', built_rows = 0, built_records = 0
    FROM (SELECT EXISTS (SELECT 1 FROM catalogue_row) OR EXISTS (SELECT 1 FROM record) AS known);
