-- The outbox notes what became of checkpoints that go by mail, and sees none that goes to a webhook. (It saw every checkpoint.)

DROP POLICY task_mails ON deliveries;
CREATE POLICY task_mails ON deliveries TO rollcall_app
    USING (current_setting('rollcall.task', true) = 'outbox' AND topic = 'checkpoints'
           AND EXISTS (SELECT FROM subscribers s
                        WHERE s.org_id = deliveries.org_id AND s.topic = deliveries.topic AND s.kind = 'mail'));
