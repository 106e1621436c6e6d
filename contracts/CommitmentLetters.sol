// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IAnswerLog} from "./interfaces/IAnswerLog.sol";
import {ICommitmentItems} from "./interfaces/ICommitmentItems.sol";
import {ICommitmentLetters} from "./interfaces/ICommitmentLetters.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {CivilDays} from "./lib/CivilDays.sol";
import {Field} from "./lib/Field.sol";
import {Signatures} from "./lib/Signatures.sol";
import {Names} from "./Names.sol";

/// @title Commitment letters
/// @notice See {ICommitmentLetters}.
/// @dev Every call to another contract is a view: nothing can come back in while a letter is half-written.
contract CommitmentLetters is ICommitmentLetters, EIP712 {
    struct Letter {
        State state;
        RefusalReason refusalReason;
        CheckMode checkMode;
        Outcome outcome;
        uint32 itemVersion;
        uint32 checkBy;
        uint64 changedAt;
        uint64 authority;
        // --- next slot
        /// Where the item was offered from: what was offered stays what it was when the list is replaced.
        ICommitmentItems items;
        // --- a slot each
        bytes32 itemId;
        bytes32 templateId;
        Notice notice;
        bytes32 applicationId;
        bytes32 predicateHash;
        bytes32 applicantCopy;
        bytes32 legalBasisHash;
        bytes32 entryCommitment;
    }

    /// @notice Furthest `promiseBy`.
    uint64 public constant MAX_PROMISE_LEAD = 30 days;
    /// @notice Nearest and furthest closing of a draw.
    uint64 public constant MIN_DRAW_PERIOD = 1 hours;
    uint64 public constant MAX_DRAW_PERIOD = 366 days;
    /// @notice How long after its closing a seed may be revealed.
    uint64 public constant REVEAL_PERIOD = 7 days;

    /// @notice EIP-712 type of a letter: what both copies sign.
    bytes32 public constant LETTER_TYPEHASH = keccak256(
        "Letter(uint256 letterId,uint256 authority,bytes32 itemId,uint32 itemVersion,bytes32 templateId,bytes32 subjectTag,address applicant,bytes32 documentHash,bytes32 publicScopeHash,uint32 publicUntil,uint256 drawId)"
    );
    /// @notice EIP-712 type of a withdrawal.
    bytes32 public constant WITHDRAWAL_TYPEHASH = keccak256(
        "Withdrawal(uint256 letterId,bytes32 reasonHash)"
    );

    uint16 private constant ALL_BASIS_POINTS = 10_000;

    /// @notice Who the members are and what is in force.
    IConsortium public immutable consortium;

    /// @inheritdoc ICommitmentLetters
    uint256 public letterCount;
    /// @inheritdoc ICommitmentLetters
    uint256 public drawCount;
    mapping(uint256 letterId => Letter) private _letters;
    mapping(uint256 drawId => DrawView) private _draws;
    mapping(uint256 authority => mapping(address applicant => uint256 letterId)) private _informed;
    mapping(address applicant => uint256 letterId) private _promised;
    mapping(uint256 authority => mapping(bytes32 subjectTag => uint256 letterId)) private _tags;
    mapping(uint256 authority => mapping(bytes32 seedCommit => bool)) private _seedCommits;

    /// @notice Binds the letters to a consortium.
    /// @param consortium_ The consortium.
    constructor(IConsortium consortium_) EIP712("CreditLedger", "1") {
        consortium = consortium_;
    }

    // ---- before the decision -------------------------------------------------------------------------------------

    /// @inheritdoc ICommitmentLetters
    function offer(
        bytes32 itemId,
        uint32 itemVersion,
        bytes32 templateId
    ) external returns (uint256 letterId) {
        uint256 authority = _requireAuthority();
        ICommitmentItems items = ICommitmentItems(_inForce(Names.COMMITMENT_ITEMS));
        uint32 inForce = items.versionInForce(itemId);
        if (itemVersion == 0 || itemVersion != inForce) revert ItemNotInForce(itemId, itemVersion, inForce);
        if (items.itemAt(itemId, itemVersion).owner != authority) revert NotItemOwner(itemId, authority);
        if (items.template(templateId).itemId != itemId) revert TemplateOfOtherItem(templateId, itemId);

        letterId = ++letterCount;
        Letter storage it = _letters[letterId];
        it.authority = uint64(authority);
        it.items = items;
        it.itemId = itemId;
        it.itemVersion = itemVersion;
        it.templateId = templateId;
        _enter(it, State.Offered);
        emit LetterOffered(letterId, authority, itemId, itemVersion, templateId);
    }

    /// @inheritdoc ICommitmentLetters
    function inform(uint256 letterId, Notice calldata notice) external {
        Letter storage it = _ownLetter(letterId);
        if (it.state != State.Offered) revert WrongState(letterId, it.state);
        uint256 authority = it.authority;
        _requireTag(authority, notice.subjectTag);
        _requireApplicant(authority, notice.applicant);
        if (notice.documentHash == bytes32(0)) revert InvalidHash("documentHash");
        _requirePublication(notice, it.items.itemAt(it.itemId, it.itemVersion).publicReason);
        _requirePromiseBy(notice, authority);
        ICommitmentItems rules = ICommitmentItems(_inForce(Names.COMMITMENT_ITEMS));
        (it.applicationId, it.predicateHash) = rules.eligibility();
        if (it.applicationId == bytes32(0)) revert EligibilityNotSet();

        it.notice = notice;
        _tags[authority][notice.subjectTag] = letterId;
        _informed[authority][notice.applicant] = letterId;
        _enter(it, State.Informed);
        emit LetterInformed(letterId, authority, requestIdOf(letterId), _digest(letterId, it), notice);
    }

    /// @inheritdoc ICommitmentLetters
    function makePromise(
        uint256 letterId,
        bytes calldata applicantSignature,
        bytes calldata agencySignature,
        Claim[] calldata claims
    ) external {
        Letter storage it = _ownLetter(letterId);
        if (it.state != State.Informed) revert WrongState(letterId, it.state);
        if (block.timestamp > it.notice.promiseBy) revert PromiseTooLate(letterId, it.notice.promiseBy);
        bytes32 digest = _digest(letterId, it);
        address applicant = it.notice.applicant;
        address signer = Signatures.signerOf(digest, applicantSignature);
        if (!Signatures.isBy(signer, applicant)) revert WrongApplicantSignature(letterId, signer);
        signer = Signatures.signerOf(digest, agencySignature);
        if (!Signatures.isBy(signer, consortium.operatorAt(it.authority, block.number))) {
            revert WrongAgencySignature(letterId, signer);
        }
        if (_promised[applicant] != 0) revert ApplicantKeyUsed(applicant, _promised[applicant]);

        _promised[applicant] = letterId;
        it.applicantCopy = keccak256(applicantSignature);
        _enter(it, State.Promised);
        ICommitmentItems.ItemView memory item = it.items.itemAt(it.itemId, it.itemVersion);
        uint256[] memory logIds = _requireClaims(letterId, it, item, claims);
        emit LetterPromised(
            letterId,
            it.authority,
            digest,
            it.applicantCopy,
            keccak256(agencySignature),
            logIds
        );
        if (item.publicReason != ICommitmentItems.PublicReason.None) {
            emit LetterPublished(
                letterId,
                it.authority,
                item.publicReason,
                it.notice.documentHash,
                it.notice.publicScopeHash,
                it.notice.publicUntil
            );
        }
    }

    /// @inheritdoc ICommitmentLetters
    function withdraw(uint256 letterId, bytes32 reasonHash, bytes calldata applicantSignature) external {
        _requireInForce();
        consortium.requireOperator(msg.sender);
        Letter storage it = _known(letterId);
        if (it.state != State.Informed && it.state != State.Promised) revert WrongState(letterId, it.state);
        if (reasonHash == bytes32(0)) revert InvalidHash("reasonHash");
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(WITHDRAWAL_TYPEHASH, letterId, reasonHash)));
        address signer = Signatures.signerOf(digest, applicantSignature);
        if (!Signatures.isBy(signer, it.notice.applicant)) revert WrongApplicantSignature(letterId, signer);
        _enter(it, State.Withdrawn);
        emit LetterWithdrawn(letterId, it.authority, reasonHash);
    }

    /// @inheritdoc ICommitmentLetters
    function refuse(uint256 letterId, RefusalReason reason) external {
        Letter storage it = _ownLetter(letterId);
        if (it.state != State.Offered && it.state != State.Informed) revert WrongState(letterId, it.state);
        if (reason == RefusalReason.None) revert RefusalReasonMissing();
        it.refusalReason = reason;
        _enter(it, State.Refused);
        emit LetterRefused(letterId, it.authority, reason);
    }

    /// @inheritdoc ICommitmentLetters
    function terminate(uint256 letterId, bytes32 reasonHash) external {
        Letter storage it = _ownLetter(letterId);
        if (it.state != State.Informed && it.state != State.Promised) revert WrongState(letterId, it.state);
        if (reasonHash == bytes32(0)) revert InvalidHash("reasonHash");
        _enter(it, State.Terminated);
        emit LetterTerminated(letterId, it.authority, reasonHash);
    }

    // ---- decision and check --------------------------------------------------------------------------------------

    /// @inheritdoc ICommitmentLetters
    function decide(uint256 letterId, bytes32 decisionHash, CheckMode mode, uint32 checkBy) external {
        Letter storage it = _ownLetter(letterId);
        if (it.state != State.Promised) revert WrongState(letterId, it.state);
        if (decisionHash == bytes32(0)) revert InvalidHash("decisionHash");
        uint256 drawId = it.notice.drawId;
        bool valid =
            mode == CheckMode.Exempt
                ? checkBy == 0 && drawId == 0
                : mode != CheckMode.None && checkBy >= CivilDays.today();
        if (!valid) revert InvalidCheck(mode, checkBy);
        it.checkMode = mode;
        it.checkBy = checkBy;
        _enter(it, State.Decided);
        emit LetterDecided(letterId, it.authority, decisionHash, mode, checkBy, drawId);
    }

    /// @inheritdoc ICommitmentLetters
    function check(
        uint256 letterId,
        bool kept,
        bytes32 findingHash,
        Outcome outcome,
        bytes32 legalBasisHash,
        bytes32 entryCommitment
    ) external {
        Letter storage it = _ownLetter(letterId);
        if (it.state != State.Decided) revert WrongState(letterId, it.state);
        if (findingHash == bytes32(0)) revert InvalidHash("findingHash");
        if (kept != (outcome == Outcome.None)) revert InvalidOutcome(outcome);
        if (kept) {
            if (legalBasisHash != bytes32(0)) revert InvalidHash("legalBasisHash");
        } else {
            if (legalBasisHash == bytes32(0)) revert LegalBasisMissing();
            if (entryCommitment == bytes32(0)) revert EntryMissing();
        }
        it.outcome = outcome;
        it.legalBasisHash = legalBasisHash;
        it.entryCommitment = entryCommitment;
        _enter(it, kept ? State.CheckedTrue : State.CheckedFalse);
        emit LetterChecked(
            letterId,
            it.authority,
            kept,
            findingHash,
            outcome,
            legalBasisHash,
            entryCommitment,
            it.checkBy != 0 && CivilDays.today() > it.checkBy
        );
    }

    // ---- draws ---------------------------------------------------------------------------------------------------

    /// @inheritdoc ICommitmentLetters
    function openDraw(
        bytes32 seedCommit,
        uint16 rateBasisPoints,
        uint64 closesAt
    ) external returns (uint256 drawId) {
        uint256 authority = _requireAuthority();
        // A seed that was revealed before is known to applicants, and one of zero would look like none.
        if (
            seedCommit == bytes32(0) ||
            seedCommit == keccak256(abi.encode(bytes32(0))) ||
            _seedCommits[authority][seedCommit]
        ) revert InvalidSeedCommit();
        if (rateBasisPoints == 0 || rateBasisPoints > ALL_BASIS_POINTS) revert InvalidRate(rateBasisPoints);
        uint64 earliest = uint64(block.timestamp) + MIN_DRAW_PERIOD;
        uint64 latest = uint64(block.timestamp) + MAX_DRAW_PERIOD;
        if (closesAt < earliest || closesAt > latest) revert InvalidDrawPeriod(closesAt, earliest, latest);

        _seedCommits[authority][seedCommit] = true;
        drawId = ++drawCount;
        _draws[drawId] = DrawView({
            authority: authority,
            seedCommit: seedCommit,
            seed: bytes32(0),
            rateBasisPoints: rateBasisPoints,
            closesAt: closesAt
        });
        emit DrawOpened(drawId, authority, seedCommit, rateBasisPoints, closesAt);
    }

    /// @inheritdoc ICommitmentLetters
    function revealDraw(uint256 drawId, bytes32 seed) external {
        _requireInForce();
        uint256 memberId = consortium.requireOperator(msg.sender);
        DrawView storage d = _ownDraw(drawId, memberId);
        if (block.timestamp < d.closesAt) revert DrawStillOpen(drawId, d.closesAt);
        if (d.seed != bytes32(0)) revert DrawAlreadyRevealed(drawId);
        uint64 latest = d.closesAt + REVEAL_PERIOD;
        if (block.timestamp > latest) revert RevealTooLate(drawId, latest);
        if (keccak256(abi.encode(seed)) != d.seedCommit) revert WrongSeed(drawId, d.seedCommit);
        d.seed = seed;
        emit DrawRevealed(drawId, memberId, seed);
    }

    /// @inheritdoc ICommitmentLetters
    function selection(uint256 letterId) external view returns (bool known, bool selected) {
        Letter storage it = _known(letterId);
        bool decided =
            it.state == State.Decided || it.state == State.CheckedTrue || it.state == State.CheckedFalse;
        if (!decided) revert WrongState(letterId, it.state);
        uint256 drawId = it.notice.drawId;
        if (drawId == 0) return (true, it.checkMode != CheckMode.Exempt);
        DrawView storage d = _draws[drawId];
        if (d.seed == bytes32(0)) {
            known = block.timestamp > d.closesAt + REVEAL_PERIOD;
            return (known, known);
        }
        uint256 lot = uint256(keccak256(abi.encode(d.seed, letterId, it.applicantCopy))) % ALL_BASIS_POINTS;
        return (true, lot < d.rateBasisPoints);
    }

    // ---- views ---------------------------------------------------------------------------------------------------

    /// @inheritdoc ICommitmentLetters
    function letter(uint256 letterId) external view returns (LetterView memory) {
        Letter storage it = _letters[letterId];
        return
            LetterView({
                state: it.state,
                authority: it.authority,
                itemId: it.itemId,
                itemVersion: it.itemVersion,
                templateId: it.templateId,
                notice: it.notice,
                digest: _informedOnce(it) ? _digest(letterId, it) : bytes32(0),
                applicationId: it.applicationId,
                predicateHash: it.predicateHash,
                refusalReason: it.refusalReason,
                checkMode: it.checkMode,
                checkBy: it.checkBy,
                outcome: it.outcome,
                legalBasisHash: it.legalBasisHash,
                entryCommitment: it.entryCommitment,
                changedAt: it.changedAt
            });
    }

    /// @inheritdoc ICommitmentLetters
    function draw(uint256 drawId) external view returns (DrawView memory) {
        return _draws[drawId];
    }

    /// @inheritdoc ICommitmentLetters
    function requestIdOf(uint256 letterId) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), letterId));
    }

    /// @inheritdoc ICommitmentLetters
    function letterDigest(uint256 letterId) external view returns (bytes32) {
        Letter storage it = _known(letterId);
        if (!_informedOnce(it)) revert WrongState(letterId, it.state);
        return _digest(letterId, it);
    }

    // ---- inside: who and what ------------------------------------------------------------------------------------

    function _inForce(bytes32 name) private view returns (address inForce) {
        inForce = consortium.contractInForce(name);
        if (inForce == address(0)) revert NotInForce(name, inForce);
    }

    function _requireInForce() private view {
        address inForce = consortium.contractInForce(Names.COMMITMENT_LETTERS);
        if (inForce != address(this)) revert NotInForce(Names.COMMITMENT_LETTERS, inForce);
    }

    /// @dev The caller acts for an active authority, and this contract is in force.
    function _requireAuthority() private view returns (uint256 memberId) {
        _requireInForce();
        memberId = consortium.requireOperator(msg.sender);
        (IConsortium.Role role, ) = consortium.roleAndRegion(memberId);
        if (role != IConsortium.Role.Authority) revert NotAnAuthority(memberId);
    }

    function _known(uint256 letterId) private view returns (Letter storage it) {
        it = _letters[letterId];
        if (it.state == State.None) revert UnknownLetter(letterId);
    }

    /// @dev The caller acts for the active authority that decides, and this contract is in force.
    function _ownLetter(uint256 letterId) private view returns (Letter storage it) {
        _requireInForce();
        uint256 memberId = consortium.requireOperator(msg.sender);
        it = _known(letterId);
        if (it.authority != memberId) revert NotDecidingAuthority(letterId, memberId);
    }

    function _ownDraw(uint256 drawId, uint256 memberId) private view returns (DrawView storage d) {
        d = _draws[drawId];
        if (d.authority == 0) revert UnknownDraw(drawId);
        if (d.authority != memberId) revert NotDrawOwner(drawId, memberId);
    }

    function _enter(Letter storage it, State state) private {
        it.state = state;
        it.changedAt = uint64(block.timestamp);
    }

    /// @dev A letter that was refused may never have been informed; its tag then says so.
    function _informedOnce(Letter storage it) private view returns (bool) {
        return it.notice.subjectTag != bytes32(0);
    }

    function _digest(uint256 letterId, Letter storage it) private view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        LETTER_TYPEHASH,
                        letterId,
                        uint256(it.authority),
                        it.itemId,
                        it.itemVersion,
                        it.templateId,
                        it.notice.subjectTag,
                        it.notice.applicant,
                        it.notice.documentHash,
                        it.notice.publicScopeHash,
                        it.notice.publicUntil,
                        it.notice.drawId
                    )
                )
            );
    }

    // ---- inside: informing ---------------------------------------------------------------------------------------

    function _requireTag(uint256 authority, bytes32 tag) private view {
        if (tag == bytes32(0) || uint256(tag) >= Field.MODULUS) revert InvalidTag(tag);
        uint256 used = _tags[authority][tag];
        if (used != 0) revert TagUsed(tag, used);
    }

    /// @dev A member's key is nobody's applicant: an agency would be promising to itself.
    function _requireApplicant(uint256 authority, address applicant) private view {
        bool ofMember =
            consortium.memberOfOperator(applicant) != 0 || consortium.memberOfWitness(applicant) != 0;
        if (applicant == address(0) || ofMember) revert InvalidApplicant();
        uint256 used = _promised[applicant];
        if (used == 0) used = _informed[authority][applicant];
        if (used != 0) revert ApplicantKeyUsed(applicant, used);
    }

    function _requirePublication(Notice calldata notice, ICommitmentItems.PublicReason reason) private view {
        bool published = reason != ICommitmentItems.PublicReason.None;
        if (published != (notice.publicScopeHash != bytes32(0))) revert InvalidHash("publicScopeHash");
        bool valid = published ? notice.publicUntil >= CivilDays.today() : notice.publicUntil == 0;
        if (!valid) revert InvalidPublication(reason, notice.publicUntil);
    }

    /// @dev Whoever promised after the closing of its draw could know the seed when it signs.
    function _requirePromiseBy(Notice calldata notice, uint256 authority) private view {
        uint64 earliest = uint64(block.timestamp);
        uint64 latest = earliest + MAX_PROMISE_LEAD;
        if (notice.drawId != 0) {
            DrawView storage d = _ownDraw(notice.drawId, authority);
            if (earliest >= d.closesAt) revert DrawClosed(notice.drawId, d.closesAt);
            if (latest >= d.closesAt) latest = d.closesAt - 1;
        }
        if (notice.promiseBy < earliest || notice.promiseBy > latest) {
            revert InvalidPromiseBy(notice.promiseBy, earliest, latest);
        }
    }

    // ---- inside: eligibility -------------------------------------------------------------------------------------

    function _requireClaims(
        uint256 letterId,
        Letter storage it,
        ICommitmentItems.ItemView memory item,
        Claim[] calldata claims
    ) private view returns (uint256[] memory logIds) {
        uint256 count = item.registers.length;
        if (claims.length != count) revert WrongClaimCount(count, claims.length);
        IAnswerLog log = IAnswerLog(_inForce(Names.ANSWER_LOG));
        logIds = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            Claim calldata claim = claims[i];
            logIds[i] = claim.logId;
            IAnswerLog.LogEntry memory entry = log.entry(claim.logId);
            _requireForLetter(claim.logId, letterId, it, item.registers[i], entry.request);
            _requireFresh(claim.logId, item.claimMaxAgeSeconds, entry.time, entry.request.asOfDay);
            if (!log.verifyClaim(claim.logId, true, claim.disputed, claim.proof)) {
                revert ClaimNotProved(claim.logId);
            }
        }
    }

    /// @dev `verifyClaim` says that this was the answer to that request; that the request is this letter's is seen here.
    function _requireForLetter(
        uint256 logId,
        uint256 letterId,
        Letter storage it,
        uint256 registerId,
        IAnswerLog.Request memory request
    ) private view {
        if (request.registerId != registerId) {
            revert ClaimOfOtherRegister(logId, registerId, request.registerId);
        }
        bytes32 requestId = requestIdOf(letterId);
        if (request.requestId != requestId) revert ClaimOfOtherLetter(logId, requestId, request.requestId);
        if (request.requester != it.authority) {
            revert ClaimOfOtherRequester(logId, it.authority, request.requester);
        }
        if (request.subjectTag != it.notice.subjectTag) {
            revert ClaimOfOtherSubject(logId, it.notice.subjectTag, request.subjectTag);
        }
        if (request.applicationId != it.applicationId) {
            revert ClaimOfOtherApplication(logId, it.applicationId, request.applicationId);
        }
        if (request.predicateHash != it.predicateHash) {
            revert ClaimOfOtherPredicate(logId, it.predicateHash, request.predicateHash);
        }
    }

    /// @dev Logged lately, and about then: an answer about a day of years ago would leave out what came since.
    function _requireFresh(uint256 logId, uint64 maxAge, uint64 loggedAt, uint32 asOfDay) private view {
        uint64 earliest = uint64(block.timestamp) - maxAge;
        if (loggedAt < earliest) revert ClaimTooOld(logId, loggedAt, earliest);
        uint32 loggedDay = CivilDays.dayOf(loggedAt);
        if (asOfDay + 1 < loggedDay || asOfDay > loggedDay + 1) {
            revert ClaimOfOtherDay(logId, loggedDay, asOfDay);
        }
    }
}
