// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IConsortium} from "./interfaces/IConsortium.sol";
import {ICreditRegisters} from "./interfaces/ICreditRegisters.sol";
import {Field} from "./lib/Field.sol";

/// @title The registers of the authorities
/// @notice See {ICreditRegisters}.
/// @dev A register keeps all its batches by sequence number, and the chain of those that hold by position:
/// `chain[position] = seq` for positions up to `chainLength`. Annulling shortens the chain and leaves the slots above
/// it: they say which entries must come again (`owedUntil`). So a batch is annulled when its position no longer maps
/// to it, and annulling a hundred batches costs no more than one. Seq 0 at position 0 is the empty register.
contract CreditRegisters is ICreditRegisters {
    struct Batch {
        bytes32 batchHash;
        bytes32 root;
        bytes32 entriesHash;
        uint48 prevSeq;
        uint48 position;
        uint48 blockNumber;
        /// Entries of this batch and of all before it.
        uint48 totalEntries;
        uint16 size;
        uint8 quorumRegions;
        uint8 regionsAttested;
        bool dismissed;
        uint16 attestations;
        // --- next slot
        uint40 time;
        uint40 supersededAt;
        uint40 stoodAt;
        uint40 quietUntil;
        uint40 objectionsUntil;
        uint32 graceSeconds;
    }

    struct Register {
        bytes32 secretCommit;
        uint64 owner;
        uint40 openedAt;
        uint32 promiseSeconds;
        uint8 ownerRegion;
        // --- next slot
        uint48 chainLength;
        uint48 lastSeq;
        /// Up to which position entries must come again; nothing is owed when not above `chainLength`.
        uint48 owedUntil;
        /// Lowest position with an open objection; 0 for none.
        uint48 contestedFrom;
    }

    struct BatchRef {
        uint128 registerId;
        uint128 seq;
    }

    /// @inheritdoc ICreditRegisters
    bytes32 public constant EMPTY_ROOT = 0x0be62b590a5be34c831b74527e3417030e6e2495b4f2debfa9c31f94de5ce23b;
    /// @notice Most entries of one batch.
    uint256 public constant MAX_BATCH_ENTRIES = 1_024;
    /// @notice Longest promise that a register may make.
    uint32 public constant MAX_PROMISE_SECONDS = 366 days;

    uint256 private constant KEY_MASK = (1 << 248) - 1;
    uint256 private constant LAST_OP = 4;
    /// @dev Bits of all three regions.
    uint8 private constant ALL_REGIONS = 7;

    /// @notice Who the members are and what is in force.
    IConsortium public immutable consortium;

    Parameters private _parameters;
    uint256 private _registerCount;
    mapping(uint256 registerId => Register) private _registers;
    mapping(uint256 registerId => mapping(uint256 seq => Batch)) private _batches;
    mapping(uint256 registerId => mapping(uint256 position => uint256 seq)) private _chain;
    mapping(uint256 registerId => mapping(bytes32 root => uint256 seq)) private _rootSeq;
    mapping(uint256 registerId => Objection[]) private _objections;
    mapping(uint256 registerId => mapping(uint256 memberId => bool)) private _barred;
    mapping(bytes32 batchHash => BatchRef) private _byHash;
    mapping(bytes32 batchHash => mapping(uint256 memberId => bool)) private _attested;
    mapping(bytes32 secretCommit => uint256 registerId) private _bySecret;
    mapping(uint256 memberId => uint256[] registerIds) private _ofMember;

    modifier onlyCouncil() {
        if (msg.sender != address(consortium)) revert NotCouncil(msg.sender);
        _;
    }

    /// @notice Binds the registers to a consortium.
    /// @param consortium_ The consortium.
    /// @param parameters_ The first parameters.
    constructor(IConsortium consortium_, Parameters memory parameters_) {
        consortium = consortium_;
        _setParameters(parameters_);
    }

    // ---- council -------------------------------------------------------------------------------------------------

    /// @inheritdoc ICreditRegisters
    function setParameters(Parameters calldata parameters_) external onlyCouncil {
        _setParameters(parameters_);
    }

    /// @inheritdoc ICreditRegisters
    function openFor(
        uint256 memberId,
        bytes32 secretCommit,
        uint32 promiseSeconds
    ) external onlyCouncil returns (uint256 registerId) {
        if (!consortium.activeAt(memberId, block.number)) revert NotAnAuthority(memberId);
        return _open(memberId, secretCommit, promiseSeconds);
    }

    /// @inheritdoc ICreditRegisters
    function rule(uint256 registerId, uint64 seq, bool upheld, bytes32 reasonHash) external onlyCouncil {
        Register storage r = _known(registerId);
        uint256 position = r.contestedFrom;
        if (position == 0) revert NotContested(registerId, seq);
        uint256 earliest = _chain[registerId][position];
        if (seq != earliest) revert NotEarliestContested(registerId, seq, uint64(earliest));
        Batch storage b = _batches[registerId][seq];
        emit BatchRuled(registerId, seq, b.batchHash, upheld, reasonHash);
        if (upheld) _annul(registerId, r, b, seq);
        else _dismiss(registerId, r, b, seq);
    }

    /// @inheritdoc ICreditRegisters
    function restoreObjector(uint256 registerId, uint256 memberId) external onlyCouncil {
        _known(registerId);
        if (!_barred[registerId][memberId]) revert ObjectorNotBarred(registerId, memberId);
        _barred[registerId][memberId] = false;
        emit ObjectorRestored(registerId, memberId);
    }

    // ---- owners --------------------------------------------------------------------------------------------------

    /// @inheritdoc ICreditRegisters
    function open(bytes32 secretCommit, uint32 promiseSeconds) external returns (uint256 registerId) {
        uint256 memberId = consortium.requireOperator(msg.sender);
        uint256[] storage own = _ofMember[memberId];
        if (own.length != 0) revert RegisterAlreadyOpen(memberId, own[0]);
        return _open(memberId, secretCommit, promiseSeconds);
    }

    /// @inheritdoc ICreditRegisters
    function append(
        uint256 registerId,
        bytes32 prevRoot,
        bytes32 newRoot,
        Entry[] calldata entries
    ) external returns (uint64 seq) {
        Register storage r = _ownRegister(registerId);
        uint256 size = entries.length;
        if (size == 0 || size > MAX_BATCH_ENTRIES) revert InvalidBatchSize(size);
        Field.require_(newRoot);
        if (r.contestedFrom != 0) {
            revert RegisterContested(registerId, uint64(_chain[registerId][r.contestedFrom]));
        }
        uint256 prevSeq = _chain[registerId][r.chainLength];
        Batch storage prev = _batches[registerId][prevSeq];
        if (prevRoot != prev.root) revert WrongPrevRoot(registerId, prevRoot, prev.root);
        _requireFreshRoot(registerId, r, newRoot);
        _requireEntries(entries);

        (bytes32 entriesHash, uint256 memory_) = _hashEntries(entries);
        uint256 position = r.chainLength + 1;
        if (r.owedUntil >= position) {
            bytes32 expected = _batches[registerId][_chain[registerId][position]].entriesHash;
            if (entriesHash != expected) revert EntriesMustComeAgain(registerId, expected, entriesHash);
        }

        seq = r.lastSeq + 1;
        bytes32 batchHash = keccak256(abi.encode(registerId, seq, prevRoot, newRoot, entriesHash));
        r.lastSeq = uint48(seq);
        r.chainLength = uint48(position);
        _chain[registerId][position] = seq;
        _rootSeq[registerId][newRoot] = seq;
        _byHash[batchHash] = BatchRef({registerId: uint128(registerId), seq: uint128(seq)});
        prev.supersededAt = uint40(block.timestamp);
        _store(_batches[registerId][seq], prev, batchHash, newRoot, entriesHash, prevSeq, position, size);
        _emitAppended(memory_, size, registerId, seq, batchHash, prevRoot, newRoot, entriesHash);
    }

    /// @inheritdoc ICreditRegisters
    function heartbeat(uint256 registerId) external {
        Register storage r = _ownRegister(registerId);
        if (r.contestedFrom != 0) {
            revert RegisterContested(registerId, uint64(_chain[registerId][r.contestedFrom]));
        }
        if (r.owedUntil > r.chainLength) revert EntriesOwed(registerId, r.owedUntil - r.chainLength);
        Batch storage head = _batches[registerId][_chain[registerId][r.chainLength]];
        head.stoodAt = uint40(block.timestamp);
        emit Heartbeat(registerId, head.root, uint64(block.timestamp));
    }

    // ---- witnesses -----------------------------------------------------------------------------------------------

    /// @inheritdoc ICreditRegisters
    function attest(bytes32[] calldata batchHashes) external {
        (uint256 memberId, uint32 region) = consortium.requireWitness(msg.sender);
        if (batchHashes.length == 0) revert NothingToAttest();
        uint8 regionBit = uint8(1 << consortium.regionIndex(region));
        for (uint256 i = 0; i < batchHashes.length; ++i) _attest(batchHashes[i], memberId, region, regionBit);
    }

    /// @inheritdoc ICreditRegisters
    function object(bytes32 batchHash, bytes32 expectedRoot) external {
        (uint256 memberId, ) = consortium.requireWitness(msg.sender);
        (uint256 registerId, uint256 seq, Register storage r, Batch storage b) = _holding(batchHash);
        if (r.owner == memberId) revert OwnBatch(batchHash, memberId);
        if (_attested[batchHash][memberId]) revert AlreadyAttested(batchHash, memberId);
        if (_barred[registerId][memberId]) revert ObjectorBarred(registerId, memberId);
        if (b.dismissed || block.timestamp >= b.objectionsUntil) revert BatchFinal(batchHash);
        Field.require_(expectedRoot);
        if (expectedRoot == b.root) revert ExpectedRootIsBatchRoot(batchHash);
        (bool open_, ) = _openObjectionOf(registerId, memberId);
        if (open_) revert ObjectionOpen(registerId, memberId);

        _objections[registerId].push(
            Objection({
                seq: uint64(seq),
                memberId: memberId,
                expectedRoot: expectedRoot,
                time: uint64(block.timestamp)
            })
        );
        if (r.contestedFrom == 0 || b.position < r.contestedFrom) r.contestedFrom = b.position;
        emit BatchObjected(registerId, uint64(seq), batchHash, memberId, expectedRoot);
    }

    // ---- views ---------------------------------------------------------------------------------------------------

    /// @inheritdoc ICreditRegisters
    function parameters() external view returns (Parameters memory) {
        return _parameters;
    }

    /// @inheritdoc ICreditRegisters
    function register(uint256 registerId) external view returns (RegisterView memory) {
        Register storage r = _known(registerId);
        uint256 headSeq = _chain[registerId][r.chainLength];
        Batch storage head = _batches[registerId][headSeq];
        return
            RegisterView({
                owner: r.owner,
                secretCommit: r.secretCommit,
                openedAt: r.openedAt,
                promiseSeconds: r.promiseSeconds,
                headSeq: uint64(headSeq),
                root: head.root,
                size: head.totalEntries,
                lastStoodAt: head.stoodAt,
                contested: r.contestedFrom != 0,
                owedBatches: _owedBatches(r)
            });
    }

    /// @inheritdoc ICreditRegisters
    function registerCount() external view returns (uint256) {
        return _registerCount;
    }

    /// @inheritdoc ICreditRegisters
    function registersOf(uint256 memberId) external view returns (uint256[] memory) {
        return _ofMember[memberId];
    }

    /// @inheritdoc ICreditRegisters
    function registerOfSecret(bytes32 secretCommit) external view returns (uint256 registerId) {
        return _bySecret[secretCommit];
    }

    /// @inheritdoc ICreditRegisters
    function ownerOf(uint256 registerId) external view returns (uint256 memberId) {
        return _registers[registerId].owner;
    }

    /// @inheritdoc ICreditRegisters
    function batch(uint256 registerId, uint64 seq) external view returns (BatchView memory) {
        Register storage r = _known(registerId);
        if (seq > r.lastSeq) revert UnknownBatchSeq(registerId, seq);
        return _view(registerId, r, seq);
    }

    /// @inheritdoc ICreditRegisters
    function batchByHash(bytes32 batchHash) external view returns (uint256 registerId, uint64 seq) {
        BatchRef storage ref = _byHash[batchHash];
        return (ref.registerId, uint64(ref.seq));
    }

    /// @inheritdoc ICreditRegisters
    function batchAt(uint256 registerId, uint64 position) public view returns (BatchView memory) {
        Register storage r = _known(registerId);
        if (position > r.chainLength) revert UnknownPosition(registerId, position);
        return _view(registerId, r, _chain[registerId][position]);
    }

    /// @inheritdoc ICreditRegisters
    function current(uint256 registerId) external view returns (BatchView memory) {
        return batchAt(registerId, _known(registerId).chainLength);
    }

    /// @inheritdoc ICreditRegisters
    function latestWitnessed(uint256 registerId) external view returns (BatchView memory) {
        Register storage r = _known(registerId);
        uint256 position = r.contestedFrom == 0 ? r.chainLength : r.contestedFrom - 1;
        while (true) {
            uint256 seq = _chain[registerId][position];
            if (_witnessed(r, _batches[registerId][seq], seq)) return _view(registerId, r, seq);
            --position;
        }
        // Never reached: the empty register at position 0 counts as witnessed.
        revert UnknownRegister(registerId);
    }

    /// @inheritdoc ICreditRegisters
    function asOf(uint256 registerId, uint64 time) external view returns (BatchView memory) {
        Register storage r = _known(registerId);
        if (time < r.openedAt) revert NotOpenYet(registerId, r.openedAt);
        uint256 low = 0;
        uint256 high = r.chainLength;
        // Times never fall along the chain: the last position whose batch is not later than `time`.
        while (low < high) {
            uint256 middle = (low + high + 1) / 2;
            if (_batches[registerId][_chain[registerId][middle]].time <= time) low = middle;
            else high = middle - 1;
        }
        return _view(registerId, r, _chain[registerId][low]);
    }

    /// @inheritdoc ICreditRegisters
    function usable(
        uint256 registerId,
        bytes32 batchHash
    ) external view returns (Standing standing, bytes4 reason, uint64 seq) {
        Register storage r = _registers[registerId];
        if (r.owner == 0) return (Standing.NotUsable, UnknownRegister.selector, 0);
        if (batchHash != bytes32(0)) {
            BatchRef storage ref = _byHash[batchHash];
            // A batch of another register is as good as none.
            if (ref.registerId != registerId) return (Standing.NotUsable, UnknownBatch.selector, 0);
            seq = uint64(ref.seq);
        }
        Batch storage b = _batches[registerId][seq];
        reason = _whyNotUsable(registerId, r, b, seq);
        if (reason != bytes4(0)) return (Standing.NotUsable, reason, seq);
        if (r.contestedFrom != 0) return (Standing.Contested, reason, seq);
        uint256 stoodAt = _batches[registerId][_chain[registerId][r.chainLength]].stoodAt;
        if (block.timestamp > stoodAt + r.promiseSeconds) return (Standing.Stale, reason, seq);
        return (b.position == r.chainLength ? Standing.Current : Standing.WithinGrace, reason, seq);
    }

    /// @inheritdoc ICreditRegisters
    function claimBasis(
        uint256 registerId,
        uint64 seq
    ) external view returns (bytes32 root, bytes32 secretCommit) {
        Register storage r = _registers[registerId];
        Batch storage b = _batches[registerId][seq];
        root = b.root;
        secretCommit = r.secretCommit;
        if (root == bytes32(0)) revert UnknownBatchSeq(registerId, seq);
        uint256 position = b.position;
        if (position > r.chainLength || _chain[registerId][position] != seq)
            revert BatchAnnulled(b.batchHash);
        if (r.contestedFrom != 0 && position >= r.contestedFrom) revert BatchContested(registerId, seq);
    }

    /// @inheritdoc ICreditRegisters
    function openObjections(uint256 registerId) external view returns (Objection[] memory) {
        return _objections[registerId];
    }

    /// @inheritdoc ICreditRegisters
    function isBarred(uint256 registerId, uint256 memberId) external view returns (bool) {
        return _barred[registerId][memberId];
    }

    /// @inheritdoc ICreditRegisters
    function hasAttested(bytes32 batchHash, uint256 memberId) external view returns (bool) {
        return _attested[batchHash][memberId];
    }

    /// @inheritdoc ICreditRegisters
    function owed(uint256 registerId) external view returns (bytes32[] memory entriesHashes) {
        Register storage r = _known(registerId);
        entriesHashes = new bytes32[](_owedBatches(r));
        for (uint256 i = 0; i < entriesHashes.length; ++i) {
            entriesHashes[i] = _batches[registerId][_chain[registerId][r.chainLength + 1 + i]].entriesHash;
        }
    }

    // ---- inside: opening and appending ---------------------------------------------------------------------------

    function _setParameters(Parameters memory p) private {
        if (p.quorumRegions == 0 || p.quorumRegions > 2 || p.finalSeconds <= p.quietSeconds) {
            revert InvalidParameters(p.quorumRegions, p.quietSeconds, p.finalSeconds, p.graceSeconds);
        }
        _parameters = p;
        emit ParametersSet(p.quorumRegions, p.quietSeconds, p.finalSeconds, p.graceSeconds);
    }

    function _open(
        uint256 memberId,
        bytes32 secretCommit,
        uint32 promiseSeconds
    ) private returns (uint256 registerId) {
        (IConsortium.Role role, uint32 region) = consortium.roleAndRegion(memberId);
        if (role != IConsortium.Role.Authority) revert NotAnAuthority(memberId);
        if (secretCommit == bytes32(0)) revert Field.InvalidFieldElement(secretCommit);
        Field.require_(secretCommit);
        if (_bySecret[secretCommit] != 0) revert SecretCommitTaken(secretCommit, _bySecret[secretCommit]);
        if (promiseSeconds == 0 || promiseSeconds > MAX_PROMISE_SECONDS)
            revert InvalidPromise(promiseSeconds);

        registerId = ++_registerCount;
        _bySecret[secretCommit] = registerId;
        _ofMember[memberId].push(registerId);
        Register storage r = _registers[registerId];
        r.secretCommit = secretCommit;
        r.owner = uint64(memberId);
        r.openedAt = uint40(block.timestamp);
        r.promiseSeconds = promiseSeconds;
        r.ownerRegion = consortium.regionIndex(region);

        Batch storage empty = _batches[registerId][0];
        empty.root = EMPTY_ROOT;
        empty.blockNumber = uint48(block.number);
        empty.time = uint40(block.timestamp);
        empty.stoodAt = uint40(block.timestamp);
        empty.graceSeconds = _parameters.graceSeconds;
        emit RegisterOpened(registerId, memberId, secretCommit, promiseSeconds);
    }

    /// @dev A root that the register has, or had before the present one, would be a rollback or an overlap. One that
    /// was annulled may come again: the council may have annulled the right one.
    function _requireFreshRoot(uint256 registerId, Register storage r, bytes32 newRoot) private view {
        if (newRoot == EMPTY_ROOT) revert RootAlreadyUsed(registerId, newRoot, 0);
        uint256 seq = _rootSeq[registerId][newRoot];
        if (seq != 0 && _holds(registerId, r, _batches[registerId][seq].position, seq)) {
            revert RootAlreadyUsed(registerId, newRoot, uint64(seq));
        }
    }

    function _requireEntries(Entry[] calldata entries) private pure {
        uint256 previousKey = 0;
        uint256 size = entries.length;
        for (uint256 i = 0; i < size; ++i) {
            Entry calldata e = entries[i];
            uint256 word = uint256(e.opAndKey);
            uint256 key = word & KEY_MASK;
            if (word >> 248 > LAST_OP) revert InvalidEntryOp(i, uint8(word >> 248));
            if (key <= previousKey) {
                if (key == 0) revert InvalidEntryKey(i);
                if (key < previousKey) revert EntriesOutOfOrder(i);
            }
            if (uint256(e.body) >= Field.MODULUS) revert InvalidEntryBody(i, e.body);
            previousKey = key;
        }
    }

    /// @dev keccak256(abi.encode(entries)), with the entries copied once, to a place from which the event is emitted
    /// as well: three words are left free in front. Two copies entry by entry would cost more than the entries do.
    function _hashEntries(
        Entry[] calldata entries
    ) private pure returns (bytes32 entriesHash, uint256 memory_) {
        assembly ("memory-safe") {
            memory_ := mload(0x40)
            let bytes_ := shl(6, entries.length)
            let data := add(memory_, 0xa0)
            mstore(0x40, add(data, bytes_))
            mstore(add(memory_, 0x60), 0x20)
            mstore(add(memory_, 0x80), entries.length)
            calldatacopy(data, entries.offset, bytes_)
            entriesHash := keccak256(add(memory_, 0x60), add(bytes_, 0x40))
        }
    }

    function _store(
        Batch storage b,
        Batch storage prev,
        bytes32 batchHash,
        bytes32 newRoot,
        bytes32 entriesHash,
        uint256 prevSeq,
        uint256 position,
        uint256 size
    ) private {
        Parameters memory p = _parameters;
        uint256 objectionsUntil = block.timestamp + p.finalSeconds;
        // A batch is never final before the ones that it rests on, even when the parameters were changed in between.
        if (objectionsUntil < prev.objectionsUntil) objectionsUntil = prev.objectionsUntil;
        b.batchHash = batchHash;
        b.root = newRoot;
        b.entriesHash = entriesHash;
        b.prevSeq = uint48(prevSeq);
        b.position = uint48(position);
        b.blockNumber = uint48(block.number);
        b.totalEntries = uint48(prev.totalEntries + size);
        b.size = uint16(size);
        b.quorumRegions = p.quorumRegions;
        b.time = uint40(block.timestamp);
        b.stoodAt = uint40(block.timestamp);
        b.quietUntil = uint40(block.timestamp + p.quietSeconds);
        b.objectionsUntil = uint40(objectionsUntil);
        b.graceSeconds = p.graceSeconds;
    }

    /// @dev emit BatchAppended(registerId, seq, batchHash, prevRoot, newRoot, entriesHash, entries) from the memory
    /// that `_hashEntries` laid out.
    function _emitAppended(
        uint256 memory_,
        uint256 size,
        uint256 registerId,
        uint64 seq,
        bytes32 batchHash,
        bytes32 prevRoot,
        bytes32 newRoot,
        bytes32 entriesHash
    ) private {
        bytes32 topic = BatchAppended.selector;
        assembly ("memory-safe") {
            mstore(memory_, prevRoot)
            mstore(add(memory_, 0x20), newRoot)
            mstore(add(memory_, 0x40), entriesHash)
            mstore(add(memory_, 0x60), 0x80)
            log4(memory_, add(0xa0, shl(6, size)), topic, registerId, seq, batchHash)
        }
    }

    // ---- inside: witnesses and rulings ---------------------------------------------------------------------------

    function _attest(bytes32 batchHash, uint256 memberId, uint32 region, uint8 regionBit) private {
        (uint256 registerId, uint256 seq, Register storage r, Batch storage b) = _holding(batchHash);
        if (r.owner == memberId) revert OwnBatch(batchHash, memberId);
        if (_attested[batchHash][memberId]) revert AlreadyAttested(batchHash, memberId);
        (bool open_, uint256 objectedSeq) = _openObjectionOf(registerId, memberId);
        if (open_ && objectedSeq == seq) revert ObjectionOpen(registerId, memberId);

        _attested[batchHash][memberId] = true;
        ++b.attestations;
        emit BatchAttested(registerId, uint64(seq), batchHash, memberId, region);
        // Members of the owner's own region may attest; it does not make a batch witnessed.
        uint8 ownerBit = uint8(1 << r.ownerRegion);
        uint8 before = b.regionsAttested;
        if (regionBit == ownerBit || before & regionBit != 0) return;
        b.regionsAttested = before | regionBit;
        if ((before | regionBit | ownerBit) == ALL_REGIONS)
            emit BatchWitnessed(registerId, uint64(seq), batchHash);
    }

    /// @dev Takes back the root of the batch at the earliest contested position and of all after it. All objections of
    /// the register are to these batches, so all of them are closed.
    function _annul(uint256 registerId, Register storage r, Batch storage b, uint64 seq) private {
        Objection[] storage open_ = _objections[registerId];
        for (uint256 i = 0; i < open_.length; ++i) {
            emit ObjectionClosed(
                registerId,
                open_[i].seq,
                open_[i].memberId,
                open_[i].seq == seq ? Outcome.Upheld : Outcome.Moot
            );
        }
        delete _objections[registerId];

        uint48 position = b.position;
        uint48 length = r.chainLength;
        r.contestedFrom = 0;
        r.chainLength = position - 1;
        if (length > r.owedUntil) r.owedUntil = length;
        uint256 headSeq = b.prevSeq;
        Batch storage head = _batches[registerId][headSeq];
        head.supersededAt = 0;
        emit RootsAnnulled(registerId, position, length - position + 1, uint64(headSeq), head.root);
    }

    /// @dev Closes the objections to this batch, bars who made them, and lets the next contested batch come up.
    function _dismiss(uint256 registerId, Register storage r, Batch storage b, uint64 seq) private {
        b.dismissed = true;
        Objection[] storage open_ = _objections[registerId];
        uint48 next = 0;
        uint256 i = 0;
        while (i < open_.length) {
            Objection memory o = open_[i];
            if (o.seq != seq) {
                uint48 position = _batches[registerId][o.seq].position;
                if (next == 0 || position < next) next = position;
                ++i;
                continue;
            }
            _barred[registerId][o.memberId] = true;
            emit ObjectionClosed(registerId, seq, o.memberId, Outcome.Dismissed);
            open_[i] = open_[open_.length - 1];
            open_.pop();
        }
        r.contestedFrom = next;
    }

    // ---- inside: reading -----------------------------------------------------------------------------------------

    function _known(uint256 registerId) private view returns (Register storage r) {
        r = _registers[registerId];
        if (r.owner == 0) revert UnknownRegister(registerId);
    }

    function _ownRegister(uint256 registerId) private view returns (Register storage r) {
        r = _known(registerId);
        uint256 memberId = consortium.requireOperator(msg.sender);
        if (r.owner != memberId) revert NotRegisterOwner(registerId, memberId);
    }

    /// @dev The batch of this name, which must exist and not be annulled.
    function _holding(
        bytes32 batchHash
    ) private view returns (uint256 registerId, uint256 seq, Register storage r, Batch storage b) {
        BatchRef storage ref = _byHash[batchHash];
        (registerId, seq) = (ref.registerId, ref.seq);
        if (seq == 0) revert UnknownBatch(batchHash);
        r = _registers[registerId];
        b = _batches[registerId][seq];
        if (!_holds(registerId, r, b.position, seq)) revert BatchAnnulled(batchHash);
    }

    function _holds(
        uint256 registerId,
        Register storage r,
        uint256 position,
        uint256 seq
    ) private view returns (bool) {
        return position <= r.chainLength && _chain[registerId][position] == seq;
    }

    function _openObjectionOf(uint256 registerId, uint256 memberId) private view returns (bool, uint256 seq) {
        Objection[] storage open_ = _objections[registerId];
        for (uint256 i = 0; i < open_.length; ++i)
            if (open_[i].memberId == memberId) return (true, open_[i].seq);
        return (false, 0);
    }

    function _owedBatches(Register storage r) private view returns (uint64) {
        return r.owedUntil > r.chainLength ? r.owedUntil - r.chainLength : 0;
    }

    /// @dev Attested by all other regions, or by enough of them and quiet since. Anyone can compute the empty register.
    function _witnessed(Register storage r, Batch storage b, uint256 seq) private view returns (bool) {
        if (seq == 0) return true;
        uint8 attested = b.regionsAttested;
        if ((attested | uint8(1 << r.ownerRegion)) == ALL_REGIONS) return true;
        uint8 count = (attested & 1) + ((attested >> 1) & 1) + (attested >> 2);
        return count >= b.quorumRegions && block.timestamp >= b.quietUntil;
    }

    /// @dev Final when nobody may object to it or to any batch that it rests on. `objectionsUntil` never falls along
    /// the chain, so only a run of dismissed batches has to be walked.
    function _final(uint256 registerId, Batch storage b, uint256 seq) private view returns (bool) {
        while (seq != 0) {
            if (block.timestamp >= b.objectionsUntil) return true;
            if (!b.dismissed) return false;
            seq = b.prevSeq;
            b = _batches[registerId][seq];
        }
        return true;
    }

    function _whyNotUsable(
        uint256 registerId,
        Register storage r,
        Batch storage b,
        uint256 seq
    ) private view returns (bytes4) {
        uint256 position = b.position;
        uint256 contestedFrom = r.contestedFrom;
        if (!_holds(registerId, r, position, seq)) return BatchAnnulled.selector;
        if (contestedFrom != 0 && position >= contestedFrom) return BatchContested.selector;
        // Entries that were anchored and are not under any root now: an answer would leave them out.
        if (r.owedUntil > r.chainLength) return EntriesOwed.selector;
        if (!_witnessed(r, b, seq)) return NotWitnessed.selector;
        if (position == r.chainLength || position + 1 == contestedFrom) return bytes4(0);
        if (block.timestamp > uint256(b.supersededAt) + b.graceSeconds) return Superseded.selector;
        return bytes4(0);
    }

    function _view(
        uint256 registerId,
        Register storage r,
        uint256 seq
    ) private view returns (BatchView memory v) {
        Batch storage b = _batches[registerId][seq];
        v.registerId = registerId;
        v.seq = uint64(seq);
        v.prevSeq = b.prevSeq;
        v.position = b.position;
        v.batchHash = b.batchHash;
        v.prevRoot = seq == 0 ? bytes32(0) : _batches[registerId][b.prevSeq].root;
        v.newRoot = b.root;
        v.entriesHash = b.entriesHash;
        v.size = b.size;
        v.time = b.time;
        v.blockNumber = b.blockNumber;
        v.supersededAt = b.supersededAt;
        v.lastStoodAt = b.stoodAt;
        v.regionsAttested = b.regionsAttested;
        v.attestations = b.attestations;
        v.annulled = !_holds(registerId, r, b.position, seq);
        v.contested = !v.annulled && r.contestedFrom != 0 && b.position >= r.contestedFrom;
        v.witnessed = !v.annulled && _witnessed(r, b, seq);
        v.isFinal = !v.annulled && !v.contested && _final(registerId, b, seq);
        v.quietUntil = b.quietUntil;
        v.objectionsUntil = b.objectionsUntil;
    }
}
