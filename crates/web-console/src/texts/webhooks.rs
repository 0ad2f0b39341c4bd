//! Where the platform is told what becomes of escalated calls, and what becomes of what is sent anywhere.

use rollcall_application::webhooks::DeliveryState;

use super::{Texts, texts};

texts! {
    webhook_title = "Webhook for escalated calls" | "Webhook für eskalierte Anrufe";
    webhook_what = "Your platform is told automatically what becomes of calls that wait for a human agent. Messages are signed (Standard Webhooks), and tried up to ten times." | "Ihre Plattform erfährt automatisch, was aus Anrufen wird, die auf einen Menschen warten. Nachrichten sind signiert (Standard Webhooks) und werden bis zu zehnmal versucht.";
    webhook_see = "Webhook" | "Webhook";
    webhook_is(host) = "Messages go to {host}." | "Nachrichten gehen an {host}.";
    webhook_none = "No messages are sent." | "Es werden keine Nachrichten gesendet.";
    webhook_to = "Goes to" | "Geht an";
    webhook_event = "Event" | "Ereignis";
    webhook_choose = "Choose a destination" | "Ziel wählen";
    webhook_other = "Choose another" | "Ein anderes wählen";
    webhook_field = "URL" | "URL";
    webhook_hint = "It begins with https:// and can be reached from the internet. It gets a new secret each time it is chosen." | "Sie beginnt mit https:// und ist aus dem Internet erreichbar. Sie erhält bei jeder Wahl ein neues Geheimnis.";
    webhook_save = "Send messages there" | "Nachrichten dorthin senden";
    webhook_remove = "Stop sending messages" | "Keine Nachrichten mehr senden";
    webhook_resend = "Send undelivered messages again" | "Nicht zugestellte Nachrichten erneut senden";
    webhook_removed = "Messages are not sent any more." | "Es werden keine Nachrichten mehr gesendet.";
    webhook_resent[n] = "One message is on its way again.", "{n} messages are on their way again." | "Eine Nachricht ist wieder unterwegs.", "{n} Nachrichten sind wieder unterwegs.";

    delivery_last = "What was sent last" | "Was zuletzt gesendet wurde";
    delivery_none = "Nothing has been sent yet." | "Es wurde noch nichts gesendet.";
    delivery_state = "State" | "Stand";
    delivery_attempts = "Attempts" | "Versuche";
    delivery_queued = "On its way" | "Unterwegs";
    delivery_sent = "Delivered" | "Zugestellt";
    delivery_failed = "Given up" | "Aufgegeben";
    delivery_last_sent = "Last delivered" | "Zuletzt zugestellt";
    delivery_last_failed = "Last failed" | "Zuletzt fehlgeschlagen";
    delivery_never = "Never since it was chosen" | "Noch nie, seit dieses Ziel gewählt wurde";
    delivery_waiting = "On its way" | "Unterwegs";
    delivery_given_up = "Given up within ninety days" | "In den letzten 90 Tagen aufgegeben";
    delivery_most = "10,000 or more" | "10.000 oder mehr";
    delivery_paused = "There was no answer in time. Sending is paused until" | "Es kam keine rechtzeitige Antwort. Der Versand ruht bis";
    delivery_failing(error) = "The last message could not be delivered: {error}." | "Die letzte Nachricht konnte nicht zugestellt werden: {error}.";
    delivery_moot = "Another destination was chosen by then" | "Inzwischen wurde ein anderes Ziel gewählt";
}

impl Texts {
    /// How much there is of what is counted up to 10,000.
    pub(crate) fn delivery_counted(self, count: &u32) -> String {
        if *count < 10_000 { self.number(count) } else { self.delivery_most().to_owned() }
    }

    /// What has become of something that was to be sent.
    pub(crate) fn delivery(self, state: DeliveryState) -> &'static str {
        match state {
            DeliveryState::Queued => self.delivery_queued(),
            DeliveryState::Sent => self.delivery_sent(),
            DeliveryState::Failed => self.delivery_failed(),
            DeliveryState::Moot => self.delivery_moot(),
        }
    }
}
