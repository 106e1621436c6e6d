// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnswerLog} from "./IAnswerLog.sol";
import {ICommitmentItems} from "./ICommitmentItems.sol";

/// @title Commitment letters (告知承诺)
/// @notice A letter goes through its states once, each step by whom the rules name. Its document stays with agency and
/// applicant; on chain is a hash over a salted document, and a subject tag that only both can open. The applicant acts
/// by a key of its own for this one letter, so that nothing links two letters of a company, or a letter to a register.
///
/// Offered → Informed → Promised → Decided → CheckedTrue | CheckedFalse; aside: Withdrawn (by the applicant, before the
/// decision, without any adverse trace), Refused (the ordinary procedure is taken), Terminated (by the authority).
interface ICommitmentLetters {
    enum State {
        None,
        Offered,
        Informed,
        Promised,
        Decided,
        CheckedTrue,
        CheckedFalse,
        Withdrawn,
        Refused,
        Terminated
    }

    /// @notice Why a letter was not promised.
    enum RefusalReason {
        None,
        /// The applicant chose the ordinary procedure, or cannot promise.
        ApplicantDeclined,
        /// The proof of eligibility could not be had.
        NotEligible
    }

    /// @notice How a promise is checked after the decision.
    enum CheckMode {
        None,
        /// Exempt from a check of its own; daily supervision goes on.
        Exempt,
        Routine,
        OnSite
    }

    /// @notice What follows from a false commitment (工信部政法函〔2020〕354号).
    enum Outcome {
        None,
        HandlingTerminated,
        RectificationOrdered,
        DecisionRevoked,
        Penalised,
        TransferredToJudiciary
    }

    /// @notice What a letter is when the applicant is informed.
    struct Notice {
        /// H3(3, uscc, nonce): the one tag that every claim for this letter carries.
        bytes32 subjectTag;
        /// The applicant's key for this letter alone.
        address applicant;
        /// Hash of the letter's document, which contains a random salt.
        bytes32 documentHash;
        /// Hash of the scope in which it is published; zero when it is not.
        bytes32 publicScopeHash;
        /// Last day of its publication; 0 when it is not published.
        uint32 publicUntil;
        /// Last second at which it may be promised: at most 30 days ahead, and before the draw closes.
        uint64 promiseBy;
        /// An open draw of this authority that decides whether the promise is checked; 0 for none. Fixed before the
        /// applicant signs, and signed with the rest: once it has the signature, the authority could work out what each
        /// of its draws selects, and would pick.
        uint256 drawId;
    }

    /// @notice A claim of eligibility in one register.
    struct Claim {
        /// Entry of the answer log in force.
        uint256 logId;
        bool disputed;
        IAnswerLog.Proof proof;
    }

    /// @notice A letter as it stands now.
    struct LetterView {
        State state;
        /// The deciding authority.
        uint256 authority;
        bytes32 itemId;
        uint32 itemVersion;
        bytes32 templateId;
        Notice notice;
        /// EIP-712 digest that both copies sign; zero before the applicant is informed.
        bytes32 digest;
        /// Application and predicate of the claims, as they were in force when it was informed.
        bytes32 applicationId;
        bytes32 predicateHash;
        RefusalReason refusalReason;
        CheckMode checkMode;
        /// Last day for the check; 0 when there is none.
        uint32 checkBy;
        Outcome outcome;
        bytes32 legalBasisHash;
        /// Salted hash of the register entry that follows from the check; zero for none.
        bytes32 entryCommitment;
        /// When the state was reached.
        uint64 changedAt;
    }

    /// @notice A draw of letters to be checked.
    struct DrawView {
        uint256 authority;
        bytes32 seedCommit;
        /// Zero until it is revealed.
        bytes32 seed;
        uint16 rateBasisPoints;
        /// Its letters must be promised before this second; from it on, for seven days, the seed may be revealed.
        uint64 closesAt;
    }

    event LetterOffered(
        uint256 indexed letterId,
        uint256 indexed authority,
        bytes32 indexed itemId,
        uint32 itemVersion,
        bytes32 templateId
    );
    event LetterInformed(
        uint256 indexed letterId,
        uint256 indexed authority,
        bytes32 requestId,
        bytes32 digest,
        Notice notice
    );
    /// @dev The two copies: hashes of the two signatures over the same digest.
    event LetterPromised(
        uint256 indexed letterId,
        uint256 indexed authority,
        bytes32 digest,
        bytes32 applicantCopy,
        bytes32 agencyCopy,
        uint256[] logIds
    );
    event LetterPublished(
        uint256 indexed letterId,
        uint256 indexed authority,
        ICommitmentItems.PublicReason reason,
        bytes32 documentHash,
        bytes32 publicScopeHash,
        uint32 publicUntil
    );
    event LetterDecided(
        uint256 indexed letterId,
        uint256 indexed authority,
        bytes32 decisionHash,
        CheckMode checkMode,
        uint32 checkBy,
        uint256 drawId
    );
    event LetterChecked(
        uint256 indexed letterId,
        uint256 indexed authority,
        bool kept,
        bytes32 findingHash,
        Outcome outcome,
        bytes32 legalBasisHash,
        bytes32 entryCommitment,
        bool late
    );
    event LetterWithdrawn(uint256 indexed letterId, uint256 indexed authority, bytes32 reasonHash);
    event LetterRefused(uint256 indexed letterId, uint256 indexed authority, RefusalReason reason);
    event LetterTerminated(uint256 indexed letterId, uint256 indexed authority, bytes32 reasonHash);
    event DrawOpened(
        uint256 indexed drawId,
        uint256 indexed authority,
        bytes32 seedCommit,
        uint16 rateBasisPoints,
        uint64 closesAt
    );
    event DrawRevealed(uint256 indexed drawId, uint256 indexed authority, bytes32 seed);

    error NotInForce(bytes32 name, address inForce);
    error NotAnAuthority(uint256 memberId);
    error UnknownLetter(uint256 letterId);
    error NotDecidingAuthority(uint256 letterId, uint256 memberId);
    error WrongState(uint256 letterId, State state);
    error NotItemOwner(bytes32 itemId, uint256 memberId);
    error ItemNotInForce(bytes32 itemId, uint32 version, uint32 versionInForce);
    error TemplateOfOtherItem(bytes32 templateId, bytes32 itemId);
    error EligibilityNotSet();
    error InvalidTag(bytes32 subjectTag);
    error InvalidApplicant();
    /// @dev An applicant's key serves one letter. Until the applicant has signed, only letters of the same authority
    /// count: nobody can take up a key that it saw in a pending transaction and be in its owner's way.
    error ApplicantKeyUsed(address applicant, uint256 letterId);
    /// @dev A tag serves one letter of an authority: used twice it would show that both are about the same subject.
    error TagUsed(bytes32 subjectTag, uint256 letterId);
    error InvalidHash(string field);
    error InvalidPublication(ICommitmentItems.PublicReason reason, uint32 publicUntil);
    error InvalidPromiseBy(uint64 promiseBy, uint64 earliest, uint64 latest);
    error PromiseTooLate(uint256 letterId, uint64 promiseBy);
    error WrongApplicantSignature(uint256 letterId, address signer);
    error WrongAgencySignature(uint256 letterId, address signer);
    /// @dev One claim for each register of the item, in their order.
    error WrongClaimCount(uint256 expected, uint256 given);
    error ClaimOfOtherRegister(uint256 logId, uint256 expected, uint256 registerId);
    error ClaimOfOtherLetter(uint256 logId, bytes32 expected, bytes32 requestId);
    error ClaimOfOtherRequester(uint256 logId, uint256 expected, uint256 requester);
    error ClaimOfOtherSubject(uint256 logId, bytes32 expected, bytes32 subjectTag);
    error ClaimOfOtherApplication(uint256 logId, bytes32 expected, bytes32 applicationId);
    error ClaimOfOtherPredicate(uint256 logId, bytes32 expected, bytes32 predicateHash);
    /// @dev A claim is about the day on which it was logged, give or take one, whatever days its application permits.
    error ClaimOfOtherDay(uint256 logId, uint32 loggedDay, uint32 asOfDay);
    error ClaimTooOld(uint256 logId, uint64 loggedAt, uint64 earliest);
    error ClaimNotProved(uint256 logId);
    error RefusalReasonMissing();
    error InvalidCheck(CheckMode mode, uint32 checkBy);
    error InvalidOutcome(Outcome outcome);
    error LegalBasisMissing();
    error EntryMissing();
    error InvalidRate(uint16 rateBasisPoints);
    error InvalidDrawPeriod(uint64 closesAt, uint64 earliest, uint64 latest);
    error InvalidSeedCommit();
    error UnknownDraw(uint256 drawId);
    error NotDrawOwner(uint256 drawId, uint256 memberId);
    error DrawClosed(uint256 drawId, uint64 closesAt);
    error DrawStillOpen(uint256 drawId, uint64 closesAt);
    error DrawAlreadyRevealed(uint256 drawId);
    /// @dev What was not revealed in time has selected every letter, for good.
    error RevealTooLate(uint256 drawId, uint64 latest);
    error WrongSeed(uint256 drawId, bytes32 seedCommit);

    /// @notice Offers an applicant the letter of an item. Nothing is said of the applicant yet. Operator key of the
    /// item's owner; item and template in force.
    /// @param itemId The item.
    /// @param itemVersion Must be its version in force.
    /// @param templateId A template of it.
    /// @return letterId Counted from 1.
    function offer(
        bytes32 itemId,
        uint32 itemVersion,
        bytes32 templateId
    ) external returns (uint256 letterId);

    /// @notice The applicant was told everything at once (一次性告知). Fixes subject tag, applicant's key, document,
    /// publication and draw for good. Operator key of the deciding authority; from Offered.
    /// @param letterId The letter.
    /// @param notice What it is; published exactly when the item says why.
    function inform(uint256 letterId, Notice calldata notice) external;

    /// @notice The promise: both copies and a proof of eligibility for each register that the item names. Operator key
    /// of the deciding authority; from Informed, not after `promiseBy`.
    /// @dev Each claim must be logged by the answer log in force, for the request id of this letter, asked by the
    /// deciding authority, with the letter's tag, application and predicate, about the day of its logging, no older than
    /// the item allows, and `verifyClaim` must accept YES for it.
    /// @param letterId The letter.
    /// @param applicantSignature By the applicant's key over the digest, 65 bytes, low s.
    /// @param agencySignature By the authority's operator key over the same digest.
    /// @param claims One for each register of the item, in their order.
    function makePromise(
        uint256 letterId,
        bytes calldata applicantSignature,
        bytes calldata agencySignature,
        Claim[] calldata claims
    ) external;

    /// @notice The authority decided the application, and how the promise will be checked. From Promised.
    /// @param letterId The letter.
    /// @param decisionHash Salted hash of the decision.
    /// @param mode How it is checked; a letter in a draw cannot be exempted: the draw decides.
    /// @param checkBy Last day for the check: today or later; 0 exactly when it is exempt.
    function decide(uint256 letterId, bytes32 decisionHash, CheckMode mode, uint32 checkBy) external;

    /// @notice What the check found; final. Operator key of the deciding authority; from Decided, exempt or not, selected
    /// or not: daily supervision may find something out as well. After the last day it is still possible, and the event
    /// says that it was late.
    /// @param letterId The letter.
    /// @param kept Whether the promise was true.
    /// @param findingHash Salted hash of the finding.
    /// @param outcome `None` exactly when it was kept.
    /// @param legalBasisHash Hash of the legal basis of the outcome; zero exactly when it was kept.
    /// @param entryCommitment keccak256(abi.encode(salt, registerId, body)) of the register entry that follows from it;
    /// needed when it was not kept.
    function check(
        uint256 letterId,
        bool kept,
        bytes32 findingHash,
        Outcome outcome,
        bytes32 legalBasisHash,
        bytes32 entryCommitment
    ) external;

    /// @notice The applicant withdraws, with a reason, before the decision. Relayed by the operator key of any active
    /// member; from Informed or Promised.
    /// @param letterId The letter.
    /// @param reasonHash Salted hash of the reason.
    /// @param applicantSignature EIP-712 `Withdrawal(uint256 letterId,bytes32 reasonHash)` by the applicant's key.
    function withdraw(uint256 letterId, bytes32 reasonHash, bytes calldata applicantSignature) external;

    /// @notice The ordinary procedure is taken. Operator key of the deciding authority; from Offered or Informed.
    /// @param letterId The letter.
    /// @param reason Why.
    function refuse(uint256 letterId, RefusalReason reason) external;

    /// @notice The authority ends the letter before the decision. From Informed or Promised.
    /// @param letterId The letter.
    /// @param reasonHash Salted hash of the reason.
    function terminate(uint256 letterId, bytes32 reasonHash) external;

    /// @notice Opens a draw: the seed is fixed before any applicant of it signs. Operator key of an active authority.
    /// @param seedCommit keccak256(abi.encode(seed)) of a random seed that is not zero; new for each draw.
    /// @param rateBasisPoints How many of 10,000 letters are checked: 1 to 10,000.
    /// @param closesAt One hour to 366 days from now.
    /// @return drawId Counted from 1.
    function openDraw(
        bytes32 seedCommit,
        uint16 rateBasisPoints,
        uint64 closesAt
    ) external returns (uint256 drawId);

    /// @notice Reveals a draw's seed, within seven days from its closing. Operator key of its authority, once.
    /// @param drawId The draw.
    /// @param seed The seed.
    function revealDraw(uint256 drawId, bytes32 seed) external;

    /// @notice Whether a letter is to be checked. Without a draw: by its mode. With one:
    /// keccak256(abi.encode(seed, letterId, applicantCopy)) mod 10,000 below the rate. When the draw was fixed, the
    /// authority knew the seed and not the applicant's signature, and the applicant signed without knowing the seed, so
    /// neither could choose. A seed that is not revealed within seven days after closing selects every letter.
    /// @param letterId A letter that was decided.
    /// @return known False while the draw is open or may still be revealed.
    /// @return selected Whether it is to be checked.
    function selection(uint256 letterId) external view returns (bool known, bool selected);

    /// @notice A letter; state `None` when there is none.
    /// @param letterId The letter.
    function letter(uint256 letterId) external view returns (LetterView memory);

    /// @notice How many letters there are.
    function letterCount() external view returns (uint256);

    /// @notice How many draws there are.
    function drawCount() external view returns (uint256);

    /// @notice A draw; authority 0 when there is none.
    /// @param drawId The draw.
    function draw(uint256 drawId) external view returns (DrawView memory);

    /// @notice The request id of every claim for a letter: keccak256(abi.encode(block.chainid, address(this), letterId)).
    /// @param letterId The letter.
    function requestIdOf(uint256 letterId) external view returns (bytes32);

    /// @notice EIP-712 digest that both copies sign: `Letter(uint256 letterId,uint256 authority,bytes32 itemId,uint32
    /// itemVersion,bytes32 templateId,bytes32 subjectTag,address applicant,bytes32 documentHash,bytes32
    /// publicScopeHash,uint32 publicUntil,uint256 drawId)`, domain ("CreditLedger", "1", chain, this contract).
    /// @param letterId A letter that was informed.
    function letterDigest(uint256 letterId) external view returns (bytes32);
}
