-- What a node let go since a place in its log, without looking at every act of it.
CREATE INDEX custody_act_kind ON custody_act (log_id, kind, seq);
