"""The errors that leave the room holdings, sorted by who must act.

HoldingsError
├─ OperatorMustAct        a person at this machine must mend or decide something
│  ├─ SheetUnreadable     a catalogue sheet that cannot be read at all (a ValueError, so that it crosses the sandbox)
│  ├─ MediaUnreadable     a file whose content does not decode (a ValueError for the same reason)
│  ├─ AnswerInvalid       an answer to a question about a sheet that is not written as it must be (a ValueError too)
│  ├─ NotFound            a reference, delivery or finding that does not exist here
│  ├─ AmbiguousReference  a reference that stands for several records
│  ├─ ClearanceInvalid    a 保密审查 that lacks what the rule asks for
│  ├─ WaiveRefused        a finding that nobody may waive
│  ├─ SearchRefused       a search that asks for a filter or an order that there is not
│  ├─ MeaningOff          a search by meaning where there are no models, no vectors, or nothing to mean
│  ├─ DeliveryRefused     something that a delivery's state, or a rule of its acceptance, does not allow
│  │  └─ ReceptionRefused a verdict or a round of reception that may not be
│  ├─ CustodyRefused      an act that a record's custody, or a directive's state, does not allow
│  ├─ ReadingRefused      a reading request that lacks something, or a step that its state does not allow
│  └─ SiteDataWrong       a data file of the site that does not say what such a file says (a ValueError, as SheetUnreadable)
├─ PeerMustAct            what another writer sent is not acceptable
│  ├─ DirectiveUnreadable a directive, release or ack that format.md §17, §18 does not allow
│  ├─ BodyUnreadable      an item body that format.md §6.3 does not allow
│  └─ VersionUnexpected   a version that does not follow the one held
└─ OurFault               a rule of this house was broken by our own code

Beside the tree stands Worded: what those and the hub's refusals share that are said in the reader's language.
Texts name the thing, the rule and the remedy, in Chinese; none ever holds a title or a value of a classified row.
"""

from __future__ import annotations

from collections.abc import Sequence


class HoldingsError(Exception):
    """Base of everything that crosses the door of this room."""


class Worded(Exception):
    """A refusal that people read in their own language: `text` is Chinese with `{names}`, to be looked up there and filled with `values`."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text.format(**values) if values else text)
        self.text, self.values = text, values


class OperatorMustAct(HoldingsError):
    """A person at this machine must mend or decide something."""


class SheetUnreadable(OperatorMustAct, ValueError):
    """A catalogue sheet that cannot be read at all; the text is a Chinese sentence with the remedy."""


class MediaUnreadable(OperatorMustAct, ValueError):
    """A file whose content does not decode; the text is a Chinese sentence."""


class AnswerInvalid(OperatorMustAct, ValueError):
    """An answer to a question about a sheet, or a repair, that is not written as it must be; the text says how."""


class NotFound(OperatorMustAct):
    """A reference code, record id, delivery or finding that does not exist in this database."""


class AmbiguousReference(OperatorMustAct):
    """A REF that stands for several records; `candidates` are the spellings that are unambiguous."""

    def __init__(self, ref: str, candidates: Sequence[str]) -> None:
        super().__init__(f"“{ref}”对应多条记录，请写明是哪一条：{'、'.join(candidates)}")
        self.ref, self.candidates = ref, tuple(candidates)


class ClearanceInvalid(OperatorMustAct):
    """A 保密审查 without the names that its basis asks for."""


class DeliveryRefused(OperatorMustAct):
    """Something that a delivery's state, or a rule of its acceptance, does not allow; names what has to come first."""


class ProfileRefused(OperatorMustAct, ValueError):
    """An intake profile 接收方案 that cannot be used; the text names the key, or what is wrong with its value."""


class WaiveRefused(OperatorMustAct):
    """A finding that may not be waived (说明后放行): it needs its remedy."""


class MendRefused(OperatorMustAct):
    """An element that is not changed by mending, or a value that breaks its rules; says where to go or what is wrong."""


class FindingTaken(OperatorMustAct):
    """A finding that another operator has claimed or changed; says who and when, and nothing is overwritten."""


class SearchRefused(Worded, OperatorMustAct, ValueError):
    """A search that asks for what there is not: a filter, an order, a page; names what there is."""


class MeaningOff(OperatorMustAct):
    """Nothing can be found by meaning: no models, no vectors yet, or a query that says nothing; the text says which and what to do."""


class ReadingRefused(OperatorMustAct):
    """A reading request 利用登记 that lacks what the rules ask for, or a step that its state does not allow; says what to fill in or to do."""


class StatisticRefused(Worded, OperatorMustAct):
    """Statistics that were asked for, entered or frozen against their rules; says which."""


class ReceptionRefused(Worded, DeliveryRefused):
    """A verdict or a round of reception that may not be."""


class SiteDataWrong(OperatorMustAct, ValueError):
    """A data file laid over the shipped tables that cannot be used; the text names the file and what is expected."""


class CustodyRefused(OperatorMustAct):
    """An act that who holds the record, or what became of the directive, does not allow; the text says who does hold it and what to do."""


class PeerMustAct(HoldingsError):
    """What another writer sent is not acceptable."""


class DirectiveUnreadable(PeerMustAct, ValueError):
    """A directive, release or acknowledgement that is not what format.md §17 and §18 say, read or to be written; the text says what is wrong."""


class BodyUnreadable(PeerMustAct):
    """An item body that is not what format.md §6.3 says (R4 exception `body-unreadable`)."""


class VersionUnexpected(PeerMustAct):
    """A version that does not follow the one held (R4 exception `version-unexpected`)."""


class OurFault(HoldingsError):
    """A rule of this house was broken by our own code."""
